# Do Watchkeeper's own faults go past it?

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_sns_topic.failsafe
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:failsafe" }
}

override_resource {
  target = aws_sns_topic.ingest
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:ingest" }
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/channels.yaml"
  probes_file            = "tests/probes/none.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
}

run "alarms_on_ourselves_go_to_the_failsafe_and_nowhere_else" {
  assert {
    condition = alltrue([
      for it in concat(values(aws_cloudwatch_metric_alarm.own), [aws_cloudwatch_metric_alarm.sweeper_is_silent]) :
      it.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:failsafe"])
      && it.ok_actions == it.alarm_actions
      && length(coalesce(it.insufficient_data_actions, [])) == 0
    ])
    error_message = "An alarm of watch.tf tells somebody else, or nobody."
  }

  assert {
    condition = alltrue(flatten([
      for it in [module.classifier, module.escalation, module.remediator, module.prober, module.console, module.sweeper] :
      [for tells in values(it.alarms) : tells.begins == toset(["arn:aws:sns:eu-west-1:123456789012:failsafe"]) && tells.ends == tells.begins]
    ]))
    error_message = "An alarm on a function tells somebody else, or nobody."
  }

  assert {
    condition = alltrue([
      for it in [module.classifier, module.escalation, module.remediator, module.prober, module.console, module.sweeper] : length(it.alarms) == 2
    ])
    error_message = "Every function has alarms on errors and on throttles."
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.own)) == toset(["clock-failed", "console-5xx", "dead-letters"])
    error_message = "Dead letters, failed clocks and a failing console are watched."
  }
}

run "our_own_alarms_do_not_come_in_by_eventbridge" {
  assert {
    condition     = contains(jsondecode(aws_cloudwatch_event_rule.alarms.event_pattern).detail.alarmName[0].anything-but.prefix, "watchkeeper-self-")
    error_message = "The rule must leave out Watchkeeper's own alarms."
  }

  assert {
    condition = alltrue([
      for alarm in concat(
        values(aws_cloudwatch_metric_alarm.own)[*].alarm_name,
        [aws_cloudwatch_metric_alarm.sweeper_is_silent.alarm_name],
        flatten([for it in [module.classifier, module.escalation, module.remediator, module.prober, module.console, module.sweeper] : keys(it.alarms)]),
      ) : startswith(alarm, "watchkeeper-self-")
    ])
    error_message = "An alarm of ours has a name by which the rule does not know it."
  }

  assert {
    condition = toset(jsondecode(aws_cloudwatch_event_rule.alarms.event_pattern)["detail-type"]) == toset([
      "CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change",
    ])
    error_message = "Both kinds of alarm events come in."
  }
}

run "silence_is_a_fault" {
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.sweeper_is_silent.treat_missing_data == "breaching"
      && aws_cloudwatch_metric_alarm.sweeper_is_silent.namespace == "Watchkeeper"
      && aws_cloudwatch_metric_alarm.sweeper_is_silent.metric_name == "CompletedRuns"
      && aws_cloudwatch_metric_alarm.sweeper_is_silent.dimensions == tomap({ Function = "watchkeeper-sweeper" })
    )
    error_message = "When the sweeper's count of completed rounds is missing, that is an alarm."
  }
}

run "users_alarms_go_to_the_classifier" {
  variables {
    demo_alarms = true
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.demo) == 45 && alltrue([for it in values(aws_cloudwatch_metric_alarm.demo) : it.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:ingest"]) && it.ok_actions == it.alarm_actions])
    error_message = "The demonstration's alarms have the ingest topic as their action."
  }
}

run "a_users_deployment_has_no_demonstration" {
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.demo) == 0
    error_message = "The demonstration is only made when it is asked for."
  }
}
