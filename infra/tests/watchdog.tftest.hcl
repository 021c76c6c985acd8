# Does the watchdog fire through everything, and only where it is asked for?

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_sns_topic.failsafe
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:failsafe" }
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/watchdog.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
}

run "it_fires_at_its_interval_through_the_bus" {
  assert {
    condition     = aws_scheduler_schedule.watchdog[0].schedule_expression == "rate(90 minutes)"
    error_message = "The interval is the policy's."
  }

  assert {
    condition = (
      endswith(aws_scheduler_schedule.watchdog[0].target[0].arn, ":event-bus/default")
      && aws_scheduler_schedule.watchdog[0].target[0].eventbridge_parameters[0].source == "watchkeeper.watchdog"
      && jsondecode(aws_cloudwatch_event_rule.watchdog[0].event_pattern).source == ["watchkeeper.watchdog"]
      && jsondecode(aws_cloudwatch_event_rule.watchdog[0].event_pattern).detail.deployment == [jsondecode(aws_scheduler_schedule.watchdog[0].target[0].input).deployment]
    )
    error_message = "It comes in by EventBridge as alarms do."
  }

  assert {
    condition     = length(aws_cloudwatch_event_target.watchdog[0].dead_letter_config) == 0 && aws_cloudwatch_event_target.watchdog[0].retry_policy[0].maximum_event_age_in_seconds == 60
    error_message = "A beat that was kept waiting would say that all is well now."
  }

  assert {
    condition     = contains(keys(aws_secretsmanager_secret.channel), "watchkeeper/watchdog")
    error_message = "Its secret is made empty, as those of the channels are."
  }

  assert {
    condition     = [for it in jsondecode(aws_iam_role_policy.watchdog[0].policy).Statement : it.Action] == [["events:PutEvents"], ["kms:Decrypt"]]
    error_message = "Its schedule may fire, and nothing else."
  }
}

run "without_one_in_the_policy_there_is_none" {
  variables {
    policy_file = "tests/policies/channels.yaml"
  }

  assert {
    condition     = length(aws_scheduler_schedule.watchdog) == 0 && length(aws_cloudwatch_event_rule.watchdog) == 0 && length(aws_iam_role.watchdog) == 0
    error_message = "It was not asked for."
  }
}

run "the_tool_learns_where_the_link_key_is" {
  assert {
    condition     = jsondecode(aws_lambda_invocation.policy.input).watchkeeper.install_policy.policy.deployment.link_key == "watchkeeper/link-key"
    error_message = "`watchkeeper heartbeat url` must know which secret to read."
  }
}
