# Are there buttons in Slack exactly when somebody takes the clicks?

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/channels.yaml"
  probes_file            = "tests/probes/none.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
}

run "without_a_signing_secret_there_are_no_buttons_and_nothing_to_read" {
  assert {
    condition     = jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.policy.deployment.slack_interactivity == false
    error_message = "A button must not be drawn when nobody takes the click."
  }

  assert {
    condition     = toset(keys(module.console.environment)) == toset(["WATCHKEEPER_LINK_KEY", "WATCHKEEPER_TABLE"])
    error_message = "The console takes clicks of an app that is not known."
  }

  assert {
    condition     = length([for it in module.console.permissions : it if it.Sid == "ReadSlackSigningSecret"]) == 0
    error_message = "The console may read a secret that there is not."
  }
}

run "with_a_signing_secret_the_console_takes_clicks_and_messages_have_buttons" {
  variables {
    slack_signing_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slack-app-AbCdEf"
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.policy.deployment.slack_interactivity == true
    error_message = "There are no buttons, though clicks are taken."
  }

  assert {
    condition     = module.console.environment["WATCHKEEPER_SLACK_SIGNING_SECRET"] == var.slack_signing_secret_arn
    error_message = "The console does not know where the signing secret is."
  }

  assert {
    condition     = jsonencode([for it in module.console.permissions : [it.Action, it.Resource] if it.Sid == "ReadSlackSigningSecret"]) == jsonencode([[["secretsmanager:GetSecretValue"], [var.slack_signing_secret_arn]]])
    error_message = "The console reads this secret and no other of the operator's."
  }

  assert {
    condition = length([
      for it in flatten([for function in [module.classifier, module.escalation, module.remediator, module.prober, module.sweeper] : function.permissions]) :
      it if contains(it.Resource, var.slack_signing_secret_arn)
    ]) == 0
    error_message = "The signing secret is the console's alone."
  }
}

run "a_secret_itself_is_no_arn" {
  command = plan

  variables {
    slack_signing_secret_arn = "8f742231b10e8888abcd99yyyzzz85a5"
  }

  expect_failures = [var.slack_signing_secret_arn]
}
