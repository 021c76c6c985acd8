# Is what the prober sees heard of, and may it do what it must, and no more?

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_dynamodb_table.state
  values = { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/watchkeeper" }
}

override_resource {
  target = aws_sns_topic.failsafe
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:failsafe" }
}

override_resource {
  target = aws_lambda_invocation.probes
  values = { result = "{\"version\":\"fedcba9876543210\",\"dimensions\":{\"create-order\":{\"Flow\":\"create-order\",\"Service\":\"api\",\"Priority\":\"P1\"},\"front-page\":{\"Flow\":\"front-page\"},\"elsewhere\":{\"Flow\":\"elsewhere\"}}}" }
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/channels.yaml"
  probes_file            = "tests/probes/flows.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
}

run "the_prober_is_handed_the_file_with_its_text" {
  assert {
    condition = (
      jsondecode(aws_lambda_invocation.probes.input).watchkeeper.install_probes.file == "flows.yaml"
      && jsondecode(aws_lambda_invocation.probes.input).watchkeeper.install_probes.source == file("tests/probes/flows.yaml")
      && jsondecode(aws_lambda_invocation.probes.input).watchkeeper.install_probes.probes == yamldecode(file("tests/probes/flows.yaml"))
      && output.probes_version == "fedcba9876543210"
    )
    error_message = "The prober is handed name, text and content."
  }
}

run "every_flow_has_an_alarm_that_comes_in" {
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.flow)) == toset(["create-order", "elsewhere", "front-page"])
    error_message = "A flow has no alarm, or there is one of none."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.flow["create-order"].dimensions == tomap({ Flow = "create-order", Service = "api", Priority = "P1" })
      && aws_cloudwatch_metric_alarm.flow["front-page"].dimensions == tomap({ Flow = "front-page" })
    )
    error_message = "An alarm is on what the prober counts: the flow with its service and priority."
  }

  assert {
    condition = alltrue([
      for it in values(aws_cloudwatch_metric_alarm.flow) :
      it.namespace == "Watchkeeper/Probes" && it.metric_name == "Down" && it.period == 60 && it.evaluation_periods == 1
      && it.threshold == 1 && it.comparison_operator == "GreaterThanOrEqualToThreshold" && it.treat_missing_data == "breaching"
    ])
    error_message = "A flow that is down, or of which nothing is heard, is an alarm."
  }

  assert {
    condition = alltrue([
      for name in concat(values(aws_cloudwatch_metric_alarm.flow)[*].alarm_name, values(aws_cloudwatch_composite_alarm.burn)[*].alarm_name) :
      !anytrue([for prefix in jsondecode(aws_cloudwatch_event_rule.alarms.event_pattern).detail.alarmName[0].anything-but.prefix : startswith(name, prefix)])
    ])
    error_message = "An alarm that is for people does not come in."
  }
}

run "a_silent_region_is_a_fault_of_our_own" {
  assert {
    condition = alltrue([
      for it in aws_cloudwatch_metric_alarm.silent_regions :
      startswith(it.alarm_name, "watchkeeper-self-") && it.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:failsafe"]) && it.ok_actions == it.alarm_actions
      && it.dimensions == tomap({ Function = "watchkeeper-prober" })
    ]) && length(aws_cloudwatch_metric_alarm.silent_regions) == 1
    error_message = "The failsafe hears of silent Regions."
  }
}

run "a_prober_that_looks_at_something_is_missed" {
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.prober_is_silent[0].treat_missing_data == "breaching"
      && aws_cloudwatch_metric_alarm.prober_is_silent[0].alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:failsafe"])
      && startswith(aws_cloudwatch_metric_alarm.prober_is_silent[0].alarm_name, "watchkeeper-self-")
    )
    error_message = "Its silence goes around Watchkeeper to the failsafe."
  }
}

run "an_objective_is_watched_over_eight_windows_and_told_as_two" {
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.burn)) == toset([for window in ["1h", "5m", "6h", "30m", "1d", "2h", "3d", "6h-slow"] : "create-order/${window}"])
    error_message = "Flows with an objective that run at home have these windows, and no others."
  }

  assert {
    condition = (
      one([for it in aws_cloudwatch_metric_alarm.burn["create-order/1h"].metric_query : it.expression if it.id == "burn"]) == "IF(total - good >= 4, ((total - good) / total) / 0.00100000, 0)"
      && one([for it in aws_cloudwatch_metric_alarm.burn["create-order/5m"].metric_query : it.expression if it.id == "burn"]) == "IF(total - good >= 1, ((total - good) / total) / 0.00100000, 0)"
      && aws_cloudwatch_metric_alarm.burn["create-order/1h"].threshold == 14.4
      && one(one([for it in aws_cloudwatch_metric_alarm.burn["create-order/3d"].metric_query : it.metric if it.id == "total"])).period == 259200
      && one(one([for it in aws_cloudwatch_metric_alarm.burn["create-order/3d"].metric_query : it.metric if it.id == "total"])).stat == "SampleCount"
      && one(one([for it in aws_cloudwatch_metric_alarm.burn["create-order/3d"].metric_query : it.metric if it.id == "good"])).dimensions == tomap({ Flow = "create-order", Region = "eu-west-1" })
    )
    error_message = "The share of bad runs over the share that may be bad; in long windows at least `min_bad`."
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.burn["create-order/fast"].alarm_rule == "(ALARM(\"watchkeeper-burn-create-order-1h\") AND ALARM(\"watchkeeper-burn-create-order-5m\")) OR (ALARM(\"watchkeeper-burn-create-order-6h\") AND ALARM(\"watchkeeper-burn-create-order-30m\"))"
    error_message = "A long window and its short one, or the other two."
  }

  assert {
    condition = alltrue([
      for it in values(aws_cloudwatch_metric_alarm.burn) :
      anytrue([for prefix in jsondecode(aws_cloudwatch_event_rule.alarms.event_pattern).detail.alarmName[0].anything-but.prefix : startswith(it.alarm_name, prefix)])
      && it.treat_missing_data == "notBreaching"
    ])
    error_message = "Of the windows only the whole comes in."
  }
}

run "the_prober_may_read_and_write_flows_and_read_the_secrets_that_the_file_names" {
  assert {
    condition = toset(flatten([for it in module.prober.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|UseKeyFor)", it.Sid))])) == toset([
      "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "secretsmanager:GetSecretValue",
    ])
    error_message = "The prober's actions are not those it needs."
  }

  assert {
    condition = [for it in module.prober.permissions : it.Resource if contains(it.Action, "secretsmanager:GetSecretValue")] == [[
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/probe-??????",
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf",
    ]]
    error_message = "It may read the secrets that the file names, once each, and no pattern of somebody's."
  }

  assert {
    condition = alltrue([
      for it in module.prober.permissions : it.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] == ["CONTROL", "FLOW#*", "PROBES"]
      if anytrue([for action in it.Action : startswith(action, "dynamodb:")])
    ])
    error_message = "Of the table it sees flows and which file is in force, and no incident."
  }
}

run "models_are_asked_only_where_they_are_named" {
  variables {
    probe_model_arns = ["arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"]
  }

  assert {
    condition = [for it in module.prober.permissions : it.Resource if contains(it.Action, "bedrock:InvokeModel")] == [[
      "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0",
    ]]
    error_message = "The prober may ask the models that are named."
  }
}

run "a_model_that_is_a_pattern" {
  command         = plan
  expect_failures = [var.probe_model_arns]

  variables {
    probe_model_arns = ["arn:aws:bedrock:eu-west-1::foundation-model/*"]
  }
}

run "without_flows_nothing_runs_and_nothing_is_watched" {
  variables {
    probes_file = "tests/probes/none.yaml"
  }

  assert {
    condition     = aws_scheduler_schedule.round["prober"].state == "DISABLED" && length(aws_cloudwatch_metric_alarm.flow) + length(aws_cloudwatch_metric_alarm.silent_regions) + length(aws_cloudwatch_metric_alarm.burn) + length(aws_cloudwatch_metric_alarm.prober_is_silent) == 0
    error_message = "The prober rests while there is nothing to run."
  }
}

run "with_flows_it_runs_and_knows_which_minute_it_is_for" {
  assert {
    condition     = aws_scheduler_schedule.round["prober"].state == "ENABLED" && one(aws_scheduler_schedule.round["prober"].target).input == "{\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"
    error_message = "The prober is called every minute with that minute."
  }
}

run "a_flow_that_the_prober_counts_otherwise_stops_the_apply" {
  state_key       = "flowapply"
  expect_failures = [aws_cloudwatch_metric_alarm.flow]

  override_resource {
    target = aws_lambda_invocation.probes
    values = { result = "{\"version\":\"fedcba9876543210\",\"dimensions\":{\"create-order\":{\"Flow\":\"create-order\"},\"front-page\":{\"Flow\":\"front-page\"},\"elsewhere\":{\"Flow\":\"elsewhere\"}}}" }
  }
}

run "a_prober_that_says_no_version_stops_the_apply" {
  state_key       = "proberapply"
  expect_failures = [aws_cloudwatch_metric_alarm.flow]

  override_resource {
    target = aws_lambda_invocation.probes
    values = { result = "{\"runs\":0}" }
  }
}

# ---- Another Region ----------------------------------------------------------

run "a_prober_elsewhere_reads_at_home_and_writes_only_what_came_of_its_flows" {
  state_key = "proberflows"
  module {
    source = "./modules/probe-region"
  }

  variables {
    home = {
      name               = "watchkeeper"
      partition          = "aws"
      account_id         = "123456789012"
      region             = "ap-northeast-1"
      dns_suffix         = "amazonaws.com"
      table_name         = "watchkeeper"
      table_arn          = "arn:aws:dynamodb:ap-northeast-1:123456789012:table/watchkeeper"
      key_arn            = "arn:aws:kms:ap-northeast-1:123456789012:key/home"
      secret_arns        = ["arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:prod/probe-??????"]
      model_arns         = []
      architecture       = "arm64"
      log_retention_days = 30
    }
  }

  assert {
    condition     = output.region == "eu-west-1" && output.function_name == "watchkeeper-eu-west-1-prober"
    error_message = "It is called after its Region: roles are the account's."
  }

  assert {
    condition     = output.environment == tomap({ WATCHKEEPER_TABLE = "watchkeeper", WATCHKEEPER_HOME_REGION = "ap-northeast-1" })
    error_message = "It goes by the table at home."
  }

  assert {
    condition = toset(flatten([for it in output.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|UseKey)", it.Sid))])) == toset([
      "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "secretsmanager:GetSecretValue",
    ])
    error_message = "Its actions are not those it needs."
  }

  assert {
    condition = [
      for it in output.permissions : it.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] if contains(it.Action, "dynamodb:PutItem")
    ] == [["FLOW#*"]]
    error_message = "It writes what came of flows, and nothing else."
  }

  assert {
    condition = [
      for it in output.permissions : it.Condition.StringEquals["kms:ViaService"] if it.Sid == "UseKeyAtHome"
    ] == [["dynamodb.ap-northeast-1.amazonaws.com"]]
    error_message = "It uses the key at home only through the table there."
  }

  assert {
    condition     = alltrue([for it in output.permissions : !anytrue([for action in it.Action : strcontains(action, "*")]) && (it.Sid == "WriteTraces" || !contains(it.Resource, "*"))])
    error_message = "An action or a resource is a pattern."
  }

  assert {
    condition     = aws_scheduler_schedule.round.state == "ENABLED" && aws_scheduler_schedule.round.schedule_expression == "rate(1 minute)"
    error_message = "It runs every minute."
  }
}

run "what_another_region_must_know_is_handed_out" {
  assert {
    condition = (
      output.probe_home.region == "eu-west-1" && output.probe_home.table_arn == "arn:aws:dynamodb:eu-west-1:123456789012:table/watchkeeper"
      && output.probe_home.secret_arns == local.probe_secret_arns && output.probe_home.name == "watchkeeper"
    )
    error_message = "The module is given what it needs as it is."
  }
}
