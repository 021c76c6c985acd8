# May every part do what it must, and no more?

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_sns_topic.failsafe
  values = { arn = "arn:aws:sns:eu-west-1:123456789012:failsafe" }
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/channels.yaml"
  probes_file            = "tests/probes/none.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
}

# What belongs to every function, and use of the key, have runs of their own
# below.
run "each_function_has_exactly_the_actions_that_it_needs" {
  assert {
    condition = toset(flatten([for it in module.classifier.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|UseKeyFor)", it.Sid))])) == toset([
      "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem",
      "sns:Publish", "sqs:SendMessage", "states:StartExecution",
    ])
    error_message = "The classifier's actions are not those it needs."
  }

  assert {
    condition = toset(flatten([for it in module.escalation.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|UseKeyFor)", it.Sid))])) == toset([
      "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
      "secretsmanager:GetSecretValue", "sns:Publish", "states:StartExecution",
    ])
    error_message = "The escalation's actions are not those it needs."
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|UseKeyFor)", it.Sid))])) == toset([
      "dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
      "events:PutEvents", "states:StartExecution",
    ])
    error_message = "The remediator's actions are not those it needs while the policy mends nothing (with others: remediation.tftest.hcl)."
  }

  assert {
    condition = toset(flatten([for it in module.prober.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|UseKeyFor)", it.Sid))])) == toset([
      "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem",
    ])
    error_message = "The prober's actions are not those it needs while there are no flows (with some: probes.tftest.hcl)."
  }

  assert {
    condition = toset(flatten([for it in module.console.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|UseKeyFor)", it.Sid))])) == toset([
      "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
      "secretsmanager:GetSecretValue", "states:StartExecution",
    ])
    error_message = "The console's actions are not those it needs."
  }

  assert {
    condition = toset(flatten([for it in module.sweeper.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|UseKeyFor)", it.Sid))])) == toset([
      "cloudwatch:DescribeAlarms",
      "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
      "lambda:InvokeFunction",
      "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
      "states:StartExecution",
    ])
    error_message = "The sweeper's actions are not those it needs."
  }

  assert {
    condition = alltrue([for it in [module.classifier, module.escalation, module.remediator, module.prober, module.console, module.sweeper] :
      toset(flatten([for statement in it.permissions : statement.Action if can(regex("^(WriteIts|WriteTraces|ReadIts)", statement.Sid))])) ==
      toset(["kms:Decrypt", "logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"])
    ])
    error_message = "Every function writes its log and traces and reads its environment, and that is all they have in common."
  }
}

run "no_action_is_a_pattern" {
  variables {
    policy_file        = "tests/policies/remediations/every-action.yaml"
    ecs_task_role_arns = ["arn:aws:iam::123456789012:role/shop-task"]
  }

  assert {
    condition = alltrue([
      for action in flatten([for it in [module.classifier, module.escalation, module.remediator, module.prober, module.console, module.sweeper] : it.permissions[*].Action]) :
      !strcontains(action, "*")
    ])
    error_message = "An action has a `*`."
  }

  assert {
    condition = alltrue([
      for policy in [aws_iam_role_policy.clock.policy, aws_iam_role_policy.rounds.policy] :
      !strcontains(join(" ", flatten(jsondecode(policy).Statement[*].Action)), "*")
    ])
    error_message = "An action of the state machine's or the schedules' role has a `*`."
  }
}

run "all_resources_only_where_aws_knows_no_other" {
  variables {
    policy_file        = "tests/policies/remediations/every-action.yaml"
    ecs_task_role_arns = ["arn:aws:iam::123456789012:role/shop-task"]
  }

  assert {
    condition = length(setsubtract(
      flatten([
        for it in [module.classifier, module.escalation, module.remediator, module.prober, module.console, module.sweeper] :
        [for statement in it.permissions : statement.Action if contains(statement.Resource, "*")]
      ]),
      [
        "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingActivities",
        "cloudwatch:DescribeAlarms",
        "lambda:GetAccountSettings",
        "rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeEvents",
        "ssm:DescribeAutomationExecutions",
        "xray:PutTelemetryRecords", "xray:PutTraceSegments",
      ],
    )) == 0
    error_message = "An action is allowed on all resources that could be allowed on some."
  }
}

run "only_what_is_tagged_can_be_mended" {
  variables {
    policy_file        = "tests/policies/remediations/every-action.yaml"
    ecs_task_role_arns = ["arn:aws:iam::123456789012:role/shop-task"]
  }

  assert {
    condition = alltrue([
      for it in module.remediator.permissions : try(it.Condition.StringEquals["aws:ResourceTag/watchkeeper"], []) == ["managed"]
      if anytrue([for action in it.Action : can(regex("^(ecs|rds|rds-data|application-autoscaling|lambda|sqs):", action)) && !can(regex(":(Describe|List|GetQueue|GetAccount)", action))])
    ])
    error_message = "Something could be changed that does not have the tag watchkeeper=managed."
  }

  assert {
    condition = length([
      for it in module.remediator.permissions : it
      if contains(it.Action, "application-autoscaling:RegisterScalableTarget") &&
      try(it.Condition.StringEquals["application-autoscaling:service-namespace"], []) == ["ecs"] &&
      try(it.Condition.StringEquals["application-autoscaling:scalable-dimension"], []) == ["ecs:service:DesiredCount"]
    ]) == 1
    error_message = "Capacity can only be changed of ECS services."
  }

  # Its own database and cluster must not be among what it may mend.
  assert {
    condition     = alltrue([for it in [aws_dynamodb_table.state.tags_all, aws_kms_key.this.tags_all] : !contains(keys(coalesce(it, {})), "watchkeeper")])
    error_message = "Watchkeeper's own parts must not have the tag."
  }
}

run "the_key_is_used_only_through_the_service_that_needs_it" {
  variables {
    policy_file        = "tests/policies/remediations/every-action.yaml"
    ecs_task_role_arns = ["arn:aws:iam::123456789012:role/shop-task"]
  }

  assert {
    condition = alltrue([
      for it in flatten([for function in [module.classifier, module.escalation, module.remediator, module.prober, module.console, module.sweeper] : function.permissions]) :
      can(it.Condition.StringEquals["kms:ViaService"]) || can(it.Condition.StringEquals["kms:EncryptionContext:aws:lambda:FunctionArn"])
      if anytrue([for action in it.Action : startswith(action, "kms:")])
    ])
    error_message = "A function could use the key for anything."
  }

  assert {
    condition     = toset([for it in module.escalation.permissions : it.Sid if startswith(it.Sid, "UseKeyFor")]) == toset(["UseKeyForDynamodb", "UseKeyForSns", "UseKeyForSecretsmanager"])
    error_message = "The escalation uses the key for its table, topics and secrets."
  }

  assert {
    condition = toset([for it in jsondecode(aws_kms_key.this.policy).Statement : it.Principal.Service if can(it.Principal.Service)]) == toset([
      "cloudwatch.amazonaws.com", "events.amazonaws.com", "logs.eu-west-1.amazonaws.com", "sns.amazonaws.com",
    ])
    error_message = "The key serves CloudWatch, EventBridge, SNS and the logs, and no other service."
  }
}

run "the_state_machine_may_wake_two_functions_and_tell_the_failsafe" {
  assert {
    condition = [
      for it in jsondecode(aws_iam_role_policy.clock.policy).Statement : it.Resource if contains(it.Action, "sns:Publish")
    ] == [["arn:aws:sns:eu-west-1:123456789012:failsafe"]]
    error_message = "The state machine publishes to the failsafe topic only."
  }

  assert {
    condition     = length(one([for it in jsondecode(aws_iam_role_policy.clock.policy).Statement : it.Resource if contains(it.Action, "lambda:InvokeFunction")])) == 2
    error_message = "The state machine wakes two functions."
  }
}

run "a_policy_without_names_gives_no_statement_without_resources" {
  variables {
    policy_file = "tests/policies/no-names.yaml"
  }

  assert {
    condition     = alltrue([for it in module.escalation.permissions : length(it.Resource) > 0])
    error_message = "IAM refuses a statement without resources."
  }
}

run "the_console_is_open_and_nothing_else_is" {
  assert {
    condition     = aws_lambda_function_url.console.authorization_type == "NONE" && aws_lambda_permission.console.principal == "*"
    error_message = "Whoever has a link must be able to open it."
  }

  assert {
    condition     = alltrue([for it in [aws_lambda_permission.events, aws_lambda_permission.ingest, aws_lambda_permission.alarms] : endswith(it.principal, ".amazonaws.com") && it.source_arn != null])
    error_message = "The classifier takes events from services of AWS only, and only on behalf of what is ours."
  }

  assert {
    condition     = aws_lambda_permission.alarms.principal == "lambda.alarms.cloudwatch.amazonaws.com" && aws_lambda_permission.alarms.source_account == "123456789012" && aws_lambda_permission.alarms.source_arn == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*"
    error_message = "An alarm may call the classifier only from this account and region."
  }
}
