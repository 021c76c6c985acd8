# Is made what the policy names, and does it take effect before events arrive?

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/channels.yaml"
  probes_file            = "tests/probes/none.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
}

run "every_topic_that_the_policy_names_is_made" {
  assert {
    condition     = toset(keys(aws_sns_topic.receiver)) == toset(["everybody", "page-aiko", "pager-is-down", "team"])
    error_message = "Topics are named in sns_configs, fallback_topic and contact_methods."
  }

  assert {
    condition     = aws_sns_topic.receiver["page-aiko"].name == "watchkeeper-page-aiko"
    error_message = "A topic's name begins with the deployment's."
  }

  assert {
    condition     = toset(keys(output.receiver_topic_arns)) == toset(keys(aws_sns_topic.receiver)) && toset(output.topics_without_subscribers) == toset(keys(aws_sns_topic.receiver))
    error_message = "The outputs name them all."
  }
}

run "every_topic_of_the_policy_that_comes_along_is_made" {
  variables {
    policy_file = "policy/policy.yaml"
  }

  assert {
    condition     = toset(keys(aws_sns_topic.receiver)) == toset(flatten(regexall("topic: *([A-Za-z0-9_-]+)", replace(file("policy/policy.yaml"), "/(?m)#.*$/", ""))))
    error_message = "A topic of policy/policy.yaml is missing, or there is one too many."
  }
}

run "every_secret_that_the_policy_names_is_made" {
  assert {
    condition = toset(output.secrets_to_fill) == toset([
      "watchkeeper/pagerduty", "watchkeeper/pagerduty-aiko", "watchkeeper/slack", "watchkeeper/slack-aiko", "watchkeeper/webhook",
    ])
    error_message = "Secrets are named by Slack, PagerDuty and webhook channels and by contact methods."
  }

  assert {
    condition     = aws_secretsmanager_secret_version.link_key.secret_string == null || aws_secretsmanager_secret_version.link_key.secret_string == ""
    error_message = "The key that signs links must not be in the state."
  }
}

run "a_secret_of_somebody_else_is_refused" {
  command = plan

  variables {
    policy_file = "tests/policies/strange-secret.yaml"
  }

  expect_failures = [aws_secretsmanager_secret.channel]
}

run "the_link_key_is_no_channel" {
  command = plan

  variables {
    policy_file = "tests/policies/own-secret.yaml"
  }

  expect_failures = [aws_secretsmanager_secret.channel]
}

run "our_own_topics_are_not_for_people" {
  command = plan

  variables {
    policy_file = "tests/policies/own-topic.yaml"
  }

  expect_failures = [aws_sns_topic.receiver]
}

run "the_classifier_is_handed_the_policy_and_where_things_are" {
  assert {
    condition     = jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.file == "channels.yaml"
    error_message = "The file's name is what errors begin with."
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.source == file("tests/policies/channels.yaml")
    error_message = "The text goes along, for the numbers of lines."
  }

  assert {
    condition = toset(keys(jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.policy.deployment)) == toset([
      "classifier", "classifier_arn", "console_url", "dead_letter_queue", "excluded_prefixes", "failsafe_topic", "ingest_topic",
      "link_key", "slack_interactivity", "state_machine", "takes_all_alarms", "topics",
    ])
    error_message = "The deployment is not what the code reads."
  }

  assert {
    condition     = endswith(jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.policy.deployment.console_url, "/")
    error_message = "The console's URL ends with a slash."
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.policy.route.receiver == "team"
    error_message = "The policy itself goes along, as JSON."
  }

  assert {
    condition     = !can(jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.policy.time_scale)
    error_message = "In earnest, time is not scaled."
  }
}

run "a_drill_scales_time" {
  variables {
    drill_time_scale = 60
  }

  assert {
    condition     = jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.policy.time_scale == 60
    error_message = "A drill divides waiting times."
  }
}

run "new_code_checks_the_policy_anew" {
  assert {
    condition     = aws_lambda_invocation.policy.triggers.classifier == module.classifier.code_sha256 && module.classifier.code_sha256 != null
    error_message = "The invocation must be repeated when the classifier's code changes."
  }
}

# Events come in only after the policy, since what brings them in looks at the
# answer first.
run "without_a_policy_no_event_is_let_in" {
  state_key = "first-apply"

  variables {
    service_events = ["ecs"]
  }

  override_resource {
    target = aws_lambda_invocation.policy
    values = { result = "{}" }
  }

  expect_failures = [
    aws_cloudwatch_event_target.alarms,
    aws_cloudwatch_event_target.service,
    aws_lambda_permission.alarms,
    aws_sns_topic_subscription.classifier,
  ]
}

run "what_is_lost_on_the_way_waits_in_the_queue" {
  assert {
    condition     = jsondecode(aws_sns_topic_subscription.classifier.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead_letters.arn
    error_message = "What SNS cannot deliver goes to the queue."
  }

  assert {
    condition     = one(aws_cloudwatch_event_target.alarms.dead_letter_config).arn == aws_sqs_queue.dead_letters.arn
    error_message = "What EventBridge cannot deliver goes to the queue."
  }

  assert {
    condition     = aws_sns_topic_subscription.dead_letters.topic_arn == aws_sns_topic.failsafe.arn && aws_sns_topic_subscription.dead_letters.raw_message_delivery
    error_message = "What Lambda gave up on comes from the failsafe topic, unwrapped."
  }
}
