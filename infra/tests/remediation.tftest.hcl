# Does each action of the policy give the remediator what it needs, and nothing to
# those that the policy does not use?

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  artifacts_dir          = "tests/artifacts"
  policy_file            = "tests/policies/remediations/every-action.yaml"
  probes_file            = "tests/probes/none.yaml"
  failsafe_subscriptions = [{ protocol = "email", endpoint = "last@example.com" }]
  ecs_task_role_arns     = ["arn:aws:iam::123456789012:role/shop-task", "arn:aws:iam::123456789012:role/shop-execution"]
}

# Each lists what comes on top of what it has for itself: its log, its state, the
# clock, the events of its stages.

run "a_policy_that_mends_nothing_gives_no_right_to_any_target" {
  variables {
    policy_file = "tests/policies/remediations/none.yaml"
  }

  assert {
    condition     = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "a_policy_whose_remediations_are_no_list_gives_none" {
  variables {
    policy_file = "tests/policies/remediations/not-a-list.yaml"
  }

  assert {
    condition     = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "ecs_scale_out_has_exactly_its_calls" {
  variables {
    policy_file = "tests/policies/remediations/ecs-scale-out.yaml"
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([
      "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingActivities",
      "application-autoscaling:RegisterScalableTarget", "ecs:DescribeServices", "ecs:UpdateService",
    ])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "ecs_new_deployment_has_exactly_its_calls" {
  variables {
    policy_file = "tests/policies/remediations/ecs-new-deployment.yaml"
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([
      "ecs:DescribeServices", "ecs:UpdateService",
    ])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "ecs_rollback_has_exactly_its_calls" {
  variables {
    policy_file = "tests/policies/remediations/ecs-rollback.yaml"
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([
      "ecs:DescribeServiceRevisions", "ecs:DescribeServices", "ecs:ListServiceDeployments", "ecs:UpdateService", "iam:PassRole",
    ])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "rds_connection_reset_has_exactly_its_calls" {
  variables {
    policy_file = "tests/policies/remediations/rds-connection-reset.yaml"
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([
      "rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeEvents", "rds:FailoverDBCluster", "rds:RebootDBInstance",
    ])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "rds_connection_reset_with_sessions_has_exactly_its_calls" {
  variables {
    policy_file = "tests/policies/remediations/rds-sessions.yaml"
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([
      "kms:Decrypt", "rds-data:ExecuteStatement", "rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeEvents",
      "rds:FailoverDBCluster", "rds:RebootDBInstance", "secretsmanager:GetSecretValue",
    ])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "lambda_concurrency_has_exactly_its_calls" {
  variables {
    policy_file = "tests/policies/remediations/lambda-concurrency.yaml"
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([
      "lambda:DeleteFunctionConcurrency", "lambda:GetAccountSettings", "lambda:GetFunction", "lambda:ListTags",
      "lambda:PutFunctionConcurrency",
    ])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "sqs_redrive_has_exactly_its_calls" {
  variables {
    policy_file = "tests/policies/remediations/sqs-redrive.yaml"
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([
      "kms:Decrypt", "kms:GenerateDataKey", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
      "sqs:ListDeadLetterSourceQueues", "sqs:ListMessageMoveTasks", "sqs:ListQueueTags", "sqs:ReceiveMessage", "sqs:SendMessage",
      "sqs:StartMessageMoveTask",
    ])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "ssm_runbook_has_exactly_its_calls" {
  variables {
    policy_file = "tests/policies/remediations/ssm-runbook.yaml"
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([
      "iam:PassRole", "rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeEvents", "ssm:AddTagsToResource",
      "ssm:DescribeAutomationExecutions", "ssm:GetAutomationExecution", "ssm:ListTagsForResource", "ssm:StartAutomationExecution",
    ])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "whoever_only_observes_changes_nothing" {
  variables {
    policy_file = "tests/policies/remediations/observing.yaml"
  }

  assert {
    condition = toset(flatten([for it in module.remediator.permissions : it.Action if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid))])) == toset([
      "application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingActivities",
      "ecs:DescribeServiceRevisions", "ecs:DescribeServices", "ecs:ListServiceDeployments", "kms:Decrypt",
      "lambda:GetAccountSettings", "lambda:GetFunction", "lambda:ListTags", "rds-data:ExecuteStatement", "rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeEvents",
      "secretsmanager:GetSecretValue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListDeadLetterSourceQueues",
      "sqs:ListMessageMoveTasks", "sqs:ListQueueTags", "ssm:DescribeAutomationExecutions", "ssm:GetAutomationExecution", "ssm:ListTagsForResource",
    ])
    error_message = "What the remediator may do is not what this policy asks for."
  }
}

run "a_part_of_every_action_is_tried_here" {
  assert {
    condition = toset(keys(local.may_by_action)) == toset([
      "ecs-new-deployment", "ecs-rollback", "ecs-scale-out", "lambda-concurrency", "rds-connection-reset", "sqs-redrive", "ssm-runbook",
    ]) && alltrue([for action in keys(local.may_by_action) : contains(local.remediations_that_change[*].action, action)])
    error_message = "A new action needs its run above, and a line in tests/policies/remediations/every-action.yaml."
  }
}

run "whatever_changes_something_wants_the_tag_or_is_named_by_the_policy" {
  # Not: looking, which is listed above, and what is asserted by name below.
  assert {
    condition = alltrue([
      for it in module.remediator.permissions : try(it.Condition.StringEquals["aws:ResourceTag/watchkeeper"], []) == ["managed"]
      if !can(regex("^(WriteIts|WriteTraces|ReadIts|ReadAndWriteState|CheckState|QueryState|StartClock|TellStages|UseKeyFor)", it.Sid)) &&
      anytrue([for action in it.Action : !can(regex(":(Describe|List|GetQueue|GetAccountSettings|GetAutomationExecution)", action))]) &&
      !contains(["MakeAndTagExecutions", "PassRolesOfRunbooks", "PassTaskRoles", "ReadSecretsOfSessions"], it.Sid)
    ])
    error_message = "Something could be changed that does not have the tag watchkeeper=managed."
  }

  assert {
    condition = { for it in module.remediator.permissions : it.Sid => toset(it.Resource) if contains(it.Action, "iam:PassRole") } == {
      PassRolesOfRunbooks = toset(["arn:aws:iam::123456789012:role/clear-disk", "arn:aws:iam::123456789012:role/restart"])
      PassTaskRoles       = toset(["arn:aws:iam::123456789012:role/shop-execution", "arn:aws:iam::123456789012:role/shop-task"])
    }
    error_message = "It passes exactly the roles that are named."
  }

  assert {
    condition = { for it in module.remediator.permissions : it.Sid => it.Condition.StringEquals["iam:PassedToService"] if contains(it.Action, "iam:PassRole") } == {
      PassRolesOfRunbooks = ["ssm.amazonaws.com"]
      PassTaskRoles       = ["ecs-tasks.amazonaws.com"]
    }
    error_message = "A role is passed to the service that it is for, and to no other."
  }

  assert {
    condition = { for it in module.remediator.permissions : it.Sid => it.Resource if contains(it.Action, "ssm:StartAutomationExecution") } == {
      StartRunbooks        = ["arn:aws:ssm:eu-west-1:123456789012:document/clear-disk", "arn:aws:ssm:eu-west-1:123456789012:document/restart"]
      MakeAndTagExecutions = ["arn:aws:ssm:eu-west-1:123456789012:automation-execution/*"]
    }
    error_message = "It starts exactly the runbooks that the policy names."
  }

  assert {
    condition     = [for it in module.remediator.permissions : it.Resource if contains(it.Action, "ssm:AddTagsToResource")] == [["arn:aws:ssm:eu-west-1:123456789012:automation-execution/*"]]
    error_message = "It tags executions only: it must not tag what it may then change."
  }

  assert {
    condition = [for it in module.remediator.permissions : toset(it.Resource) if contains(it.Action, "secretsmanager:GetSecretValue")] == [toset([
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:news-AbCdEf", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf",
    ])]
    error_message = "It reads exactly the secrets that the policy names."
  }

  assert {
    condition     = [for it in module.remediator.permissions : it.Resource if contains(it.Action, "rds-data:ExecuteStatement")] == [["arn:aws:rds:eu-west-1:123456789012:cluster:*"]]
    error_message = "Without a cluster in the policy, the tag alone says in which it ends sessions."
  }

  assert {
    condition = [for it in module.remediator.permissions : it.Condition if contains(it.Action, "events:PutEvents")] == [{
      StringEquals = { "events:source" = ["watchkeeper.remediation"], "events:detail-type" = ["Remediation Stage Change"] }
    }]
    error_message = "It sends its own events only."
  }
}

run "a_cluster_that_the_policy_names_is_the_only_one" {
  variables {
    policy_file = "tests/policies/remediations/rds-sessions.yaml"
  }

  assert {
    condition     = [for it in module.remediator.permissions : it.Resource if contains(it.Action, "rds-data:ExecuteStatement")] == [["arn:aws:rds:eu-west-1:123456789012:cluster:shop"]]
    error_message = "Sessions could be ended in other clusters, too."
  }
}

run "what_is_no_name_gives_no_right" {
  variables {
    policy_file = "tests/policies/remediations/no-names.yaml"
  }

  assert {
    condition = length(setintersection(
      flatten(module.remediator.permissions[*].Action),
      ["iam:PassRole", "rds-data:ExecuteStatement", "secretsmanager:GetSecretValue", "ssm:AddTagsToResource", "ssm:ListTagsForResource", "ssm:StartAutomationExecution"],
    )) == 0
    error_message = "A name with a `*` must not become a permission."
  }

  assert {
    condition     = alltrue([for it in module.remediator.permissions : length(it.Resource) > 0])
    error_message = "IAM refuses a statement without resources."
  }
}

run "all_together_is_a_policy_that_iam_takes" {
  # 10,240 characters for all inline policies of a role, blanks not counted.
  assert {
    condition     = length(jsonencode(module.remediator.permissions)) < 9500
    error_message = "With every action the role's policy comes too close to IAM's limit."
  }

  assert {
    condition     = length(distinct(module.remediator.permissions[*].Sid)) == length(module.remediator.permissions)
    error_message = "IAM refuses two statements of one name."
  }

  assert {
    condition     = alltrue([for sid in module.remediator.permissions[*].Sid : can(regex("^[A-Za-z0-9]+$", sid))])
    error_message = "The name of a statement has letters and digits only."
  }
}

run "rollbacks_without_roles_are_warned_of" {
  variables {
    policy_file        = "tests/policies/remediations/ecs-rollback.yaml"
    ecs_task_role_arns = []
  }

  expect_failures = [check.rollbacks_may_pass_task_roles]
}

run "a_role_to_pass_is_spelled_out" {
  command         = plan
  expect_failures = [var.ecs_task_role_arns]

  variables {
    ecs_task_role_arns = ["arn:aws:iam::123456789012:role/*"]
  }
}

# It must not mend itself: neither throttle its own functions nor move its own dead
# letters.
run "what_is_watchkeepers_own_does_not_have_the_tag" {
  assert {
    condition = alltrue([
      for it in concat(
        [local.tags],
        [module.classifier, module.escalation, module.remediator, module.prober, module.console, module.sweeper][*].tags,
        [for tags in [aws_sqs_queue.dead_letters.tags, aws_dynamodb_table.state.tags, aws_kms_key.this.tags, aws_secretsmanager_secret.link_key.tags] : coalesce(tags, {})],
      ) : !contains(keys(it), "watchkeeper")
    ])
    error_message = "Watchkeeper's own parts must not have the tag."
  }
}
