# Does what other AWS services say come in when it is asked for, and only the part
# that matters?

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_cloudwatch_event_rule.alarms
  values = { arn = "arn:aws:events:eu-west-1:123456789012:rule/alarms" }
}

override_resource {
  target = aws_cloudwatch_event_rule.service
  values = { arn = "arn:aws:events:eu-west-1:123456789012:rule/service" }
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/channels.yaml"
  probes_file            = "tests/probes/none.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
}

run "nothing_but_alarms_unless_asked" {
  assert {
    condition     = length(aws_cloudwatch_event_rule.service) == 0 && length(aws_cloudwatch_event_target.service) == 0 && length(aws_lambda_permission.service_events) == 0
    error_message = "Events of other services come in though nobody asked for them."
  }

  assert {
    condition = [
      for it in jsondecode(aws_sqs_queue.dead_letters.policy).Statement : it.Condition.ArnEquals["aws:SourceArn"] if it.Sid == "WhatOurRulesCouldNotDeliver"
    ] == [["arn:aws:events:eu-west-1:123456789012:rule/alarms"]]
    error_message = "Only the rule for alarms may use the queue."
  }
}

run "only_what_is_asked_for" {
  variables {
    service_events = ["health", "ecs"]
  }

  assert {
    condition = (
      toset(keys(aws_cloudwatch_event_rule.service)) == toset(["ecs", "health"])
      && keys(aws_cloudwatch_event_target.service) == keys(aws_cloudwatch_event_rule.service)
      && keys(aws_lambda_permission.service_events) == keys(aws_cloudwatch_event_rule.service)
    )
    error_message = "There is one rule with target and permission for each service that was asked for."
  }

  assert {
    condition     = aws_cloudwatch_event_rule.service["ecs"].name == "watchkeeper-events-ecs" && coalesce(aws_cloudwatch_event_rule.service["ecs"].event_bus_name, "default") == "default"
    error_message = "A rule's name begins with the deployment's, and it stands on the default bus."
  }
}

run "each_service_in_its_own_words" {
  variables {
    service_events = ["backup", "cost-anomaly", "ecs", "guardduty", "health", "rds"]
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.service["backup"].event_pattern) == {
      source      = ["aws.backup"]
      detail-type = ["Backup Job State Change", "Copy Job State Change", "Restore Job State Change"]
      detail = { "$or" = [
        { state = ["ABORTED", "COMPLETED", "EXPIRED", "FAILED", "PARTIAL"] },
        { status = ["ABORTED", "COMPLETED", "EXPIRED", "FAILED", "PARTIAL"] },
      ] }
    }
    error_message = "Of AWS Backup come in the ends of jobs."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.service["cost-anomaly"].event_pattern) == { source = ["aws.ce"], detail-type = ["Anomaly Detected"] }
    error_message = "Of Cost Anomaly Detection come in the anomalies."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.service["ecs"].event_pattern) == {
      source      = ["aws.ecs"]
      detail-type = ["ECS Deployment State Change", "ECS Service Action"]
      detail = { eventName = [
        "SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED", "SERVICE_STEADY_STATE",
        "SERVICE_TASK_CONFIGURATION_FAILURE", "SERVICE_TASK_PLACEMENT_FAILURE", "SERVICE_TASK_START_IMPAIRED",
      ] }
    }
    error_message = "Of ECS come in failed deployments, tasks that do not start, and what ends both."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.service["guardduty"].event_pattern) == {
      source      = ["aws.guardduty"]
      detail-type = ["GuardDuty Finding"]
      detail      = { severity = [{ numeric = [">=", 4] }] }
    }
    error_message = "Of GuardDuty come in findings from medium severity up."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.service["health"].event_pattern) == {
      source      = ["aws.health"]
      detail-type = ["AWS Health Event"]
      detail      = { eventRegion = ["eu-west-1", "global"], eventTypeCategory = ["investigation", "issue"] }
    }
    error_message = "Of Health come in issues of this region."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.service["rds"].event_pattern) == {
      source      = ["aws.rds"]
      detail-type = ["RDS DB Cluster Event", "RDS DB Instance Event"]
      detail = { "$or" = [
        { EventCategories = ["availability", "failover", "failure", "low storage", "read replica", "recovery"] },
        { Message = [{ wildcard = "Finished applying*modification to allocated storage*" }] },
      ] }
    }
    error_message = "Of RDS come in the troubles of instances and clusters, and what ends them."
  }
}

run "they_come_in_as_surely_as_alarms_and_by_no_other_rule" {
  variables {
    service_events = ["ecs", "rds"]
  }

  assert {
    condition = alltrue([
      for it in values(aws_cloudwatch_event_target.service) :
      it.arn == aws_cloudwatch_event_target.alarms.arn && it.retry_policy == aws_cloudwatch_event_target.alarms.retry_policy && it.dead_letter_config == aws_cloudwatch_event_target.alarms.dead_letter_config
    ])
    error_message = "They go where alarms go, are tried as often, and wait in the same queue."
  }

  assert {
    condition = alltrue([
      for it in values(aws_lambda_permission.service_events) :
      it.function_name == aws_lambda_permission.events.function_name && it.action == "lambda:InvokeFunction" && it.principal == "events.amazonaws.com" && it.source_arn == "arn:aws:events:eu-west-1:123456789012:rule/service"
    ])
    error_message = "EventBridge may call the classifier for the rule that was made, and for no other."
  }

  assert {
    condition     = toset(values(aws_lambda_permission.service_events)[*].statement_id) == toset(["events-ecs", "events-rds"])
    error_message = "Each permission has a name of its own."
  }

  assert {
    condition = [
      for it in jsondecode(aws_sqs_queue.dead_letters.policy).Statement : toset(it.Condition.ArnEquals["aws:SourceArn"]) if it.Sid == "WhatOurRulesCouldNotDeliver"
    ] == [toset(["arn:aws:events:eu-west-1:123456789012:rule/alarms", "arn:aws:events:eu-west-1:123456789012:rule/service"])]
    error_message = "What the rules cannot deliver may go into the queue, and what others cannot may not."
  }
}
