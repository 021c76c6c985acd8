# One tick of a remediation: hold, act, verify, revert.
#
# What it may do follows from the policy: an action that no remediation uses gives it
# no right at all, and one that only observes gives it the right to look. It may look
# at everything, so that a refusal can say what it saw (but at Lambda functions only
# with the tag: to see one is to see its code and its environment), and change only
# what bears the tag watchkeeper=managed, or what the policy names where IAM knows no
# tags. For ECS the tag belongs on the scalable target as well as on the service, for
# SQS on the dead-letter queue as well as on the queue that takes its messages back.
#
# Which resources and conditions IAM knows for a call is from AWS's Service
# Authorization Reference; where something else is the source, it stands beside it.

module "remediator" {
  source = "./modules/function"

  name                 = "remediator"
  description          = "Mends what is safe to mend, checks it, puts it back"
  deployment           = local.functions
  timeout_seconds      = 45 # less than what another execution waits before it takes over an act (step/acting.rs)
  reserved_concurrency = local.reserved_concurrency["remediator"]

  environment = {
    WATCHKEEPER_TABLE = aws_dynamodb_table.state.name
  }

  permissions = concat(
    local.may_write_state,
    local.may_check_state, # that nobody has stopped remediation meanwhile
    local.may_query_state,
    local.may_start_clock,
    local.may_tell_stages,
    local.may_look_at_targets,
    local.may_mend_targets,
  )
}

# ---- What the policy asks for --------------------------------------------

locals {
  # Read as forgivingly as the rest (policy.tf): what is missing or is no name gives
  # no permission. A name with a `*` is none.
  policy_remediations = [
    for it in try([for remediation in local.policy.remediations : remediation], []) : {
      action     = try(tostring(it.action), "")
      changes    = contains(["act", "ask"], try(tostring(it.mode), "observe"))
      document   = try(regex("^[A-Za-z0-9_.-]{3,128}$", it.parameters.document), regex("^arn:[a-z-]+:ssm:[a-z0-9-]+:[0-9]{12}:document/[A-Za-z0-9_.-]{3,128}$", it.parameters.document), "")
      kind       = try(tostring(it.parameters.target_kind), "runbook")
      role       = try(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9/_+=,.@-]+$", it.parameters.assume_role_arn), "")
      secret     = try(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$", it.parameters.sessions.secret_arn), "")
      cluster    = try(regex("^arn:[a-z-]+:rds:[a-z0-9-]+:[0-9]{12}:cluster:[A-Za-z0-9-]+$", it.parameters.sessions.cluster_arn), "")
      no_cluster = try(it.parameters.sessions.cluster_arn, null) == null
    }
  ]
  remediations_that_change = [for it in local.policy_remediations : it if it.changes]

  runbooks            = [for it in local.policy_remediations : it.document if it.action == "ssm-runbook" && it.document != ""]
  runbooks_to_start   = [for it in local.remediations_that_change : it.document if it.action == "ssm-runbook" && it.document != ""]
  roles_of_runbooks   = distinct([for it in local.remediations_that_change : it.role if it.action == "ssm-runbook" && it.role != ""])
  resets_of_sessions  = [for it in local.policy_remediations : it if it.action == "rds-connection-reset" && it.secret != ""]
  secrets_of_sessions = distinct(local.resets_of_sessions[*].secret)

  # Without a cluster in the policy, it is the one of the alarm's instance.
  clusters_of_sessions = distinct(compact([
    for it in local.resets_of_sessions : it.no_cluster ? "${local.mendable.rds}:cluster:*" : it.cluster
  ]))

  # Amazon's own documents are in no account and cannot be tagged: they are never run.
  document_arns = {
    for name in toset(local.runbooks) : name => startswith(name, "arn:") ? name : "${local.mendable.ssm}:document/${name}"
  }
}

# ---- What an action needs ------------------------------------------------

locals {
  only_if_managed = { "aws:ResourceTag/watchkeeper" = ["managed"] }

  # How the ARNs of this account and region begin.
  mendable = {
    for service in ["application-autoscaling", "ecs", "events", "kms", "lambda", "rds", "sqs", "ssm"] :
    service => "arn:${local.partition}:${service}:${local.region}:${local.account_id}"
  }

  # A new action is one entry here: with `looks` it sees its target, with `changes`
  # it mends it. Statements that several need stand below.
  may_by_action = {
    ecs-scale-out = {
      looks   = [local.look_at_services, local.look_at_scalable_targets]
      changes = [local.change_capacity, local.update_services]
    }
    ecs-new-deployment = {
      looks   = [local.look_at_services]
      changes = [local.update_services]
    }
    ecs-rollback = {
      looks   = concat([local.look_at_services], local.look_at_deployments)
      changes = concat([local.update_services], local.pass_task_roles)
    }
    rds-connection-reset = {
      looks   = concat([local.look_at_databases], local.use_sessions)
      changes = local.restart_databases
    }
    lambda-concurrency = {
      looks   = local.look_at_functions
      changes = [local.change_concurrency]
    }
    sqs-redrive = {
      looks   = [local.look_at_queues]
      changes = local.move_messages
    }
    ssm-runbook = {
      looks   = concat(local.look_at_runbooks, local.look_at_what_runbooks_are_about)
      changes = local.start_runbooks
    }
  }

  may_look_at_targets = flatten([
    for action, may in local.may_by_action : may.looks if contains(local.policy_remediations[*].action, action)
  ])
  may_mend_targets = flatten([
    for action, may in local.may_by_action : may.changes if contains(local.remediations_that_change[*].action, action)
  ])

  may_tell_stages = [
    {
      Sid      = "TellStages"
      Action   = ["events:PutEvents"]
      Resource = ["${local.mendable.events}:event-bus/default"]
      Condition = { StringEquals = {
        "events:source"      = ["watchkeeper.remediation"]
        "events:detail-type" = ["Remediation Stage Change"]
      } }
    },
  ]
}

# ---- ECS -----------------------------------------------------------------

locals {
  look_at_services = {
    Sid       = "LookAtServices"
    Action    = ["ecs:DescribeServices"]
    Resource  = ["${local.mendable.ecs}:service/*"]
    Condition = {}
  }

  look_at_deployments = [
    {
      Sid       = "LookAtDeployments"
      Action    = ["ecs:ListServiceDeployments"]
      Resource  = ["${local.mendable.ecs}:service/*"]
      Condition = {}
    },
    {
      Sid    = "LookAtRevisions"
      Action = ["ecs:DescribeServiceRevisions"]
      # It needs both: the revision, and the service whose revision it is.
      Resource  = ["${local.mendable.ecs}:service/*", "${local.mendable.ecs}:service-revision/*"]
      Condition = {}
    },
  ]

  look_at_scalable_targets = {
    Sid       = "LookAtScalableTargets"
    Action    = ["application-autoscaling:DescribeScalableTargets", "application-autoscaling:DescribeScalingActivities"]
    Resource  = ["*"] # they know no other
    Condition = {}
  }

  change_capacity = {
    Sid      = "ChangeCapacityOfServices"
    Action   = ["application-autoscaling:RegisterScalableTarget"]
    Resource = ["${local.mendable["application-autoscaling"]}:scalable-target/*"]
    Condition = {
      StringEquals = merge(local.only_if_managed, {
        "application-autoscaling:service-namespace"  = ["ecs"]
        "application-autoscaling:scalable-dimension" = ["ecs:service:DesiredCount"]
      })
    }
  }

  update_services = {
    Sid       = "UpdateServices"
    Action    = ["ecs:UpdateService"]
    Resource  = ["${local.mendable.ecs}:service/*"]
    Condition = { StringEquals = local.only_if_managed }
  }

  # The reference does not list iam:PassRole with UpdateService, but ECS asks for it
  # when the call names a task definition, for each role in that; a changed count alone
  # goes without (github.com/keidarcy/e1s/issues/429). So a service whose roles are not
  # in var.ecs_task_role_arns can be scaled and deployed anew, but not rolled back.
  pass_task_roles = [
    for arns in [tolist(var.ecs_task_role_arns)] : {
      Sid       = "PassTaskRoles"
      Action    = ["iam:PassRole"]
      Resource  = arns
      Condition = { StringEquals = { "iam:PassedToService" = ["ecs-tasks.amazonaws.com"] } }
    } if length(arns) > 0
  ]
}

check "rollbacks_may_pass_task_roles" {
  assert {
    condition     = !contains(local.remediations_that_change[*].action, "ecs-rollback") || length(var.ecs_task_role_arns) > 0
    error_message = "${basename(var.policy_file)} has ecs-rollback, but ecs_task_role_arns is empty: only services whose task definition has no roles could be rolled back."
  }
}

# ---- RDS -----------------------------------------------------------------

locals {
  look_at_databases = {
    Sid       = "LookAtDatabases"
    Action    = ["rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeEvents"]
    Resource  = ["*"] # it may be a cluster of the instance, or its events, which have no ARN
    Condition = {}
  }

  restart_databases = [
    {
      Sid       = "RebootInstances"
      Action    = ["rds:RebootDBInstance"]
      Resource  = ["${local.mendable.rds}:db:*"]
      Condition = { StringEquals = local.only_if_managed }
    },
    {
      Sid       = "FailOverClusters"
      Action    = ["rds:FailoverDBCluster"]
      Resource  = ["${local.mendable.rds}:cluster:*"]
      Condition = { StringEquals = local.only_if_managed }
    },
  ]

  # The Data API knows the tags of clusters. It reads the secret as whoever calls it.
  # To it a look is a statement like any other: what may be done beyond a look, the
  # rights of the secret's database user say.
  use_sessions = concat(
    [
      for arns in [local.clusters_of_sessions] : {
        Sid       = "UseSessions"
        Action    = ["rds-data:ExecuteStatement"]
        Resource  = arns
        Condition = { StringEquals = local.only_if_managed }
      } if length(arns) > 0
    ],
    flatten([
      for arns in [local.secrets_of_sessions] : [
        {
          Sid       = "ReadSecretsOfSessions"
          Action    = ["secretsmanager:GetSecretValue"]
          Resource  = arns
          Condition = {}
        },
        # Only where the secret is not encrypted with AWS's own key.
        {
          Sid       = "UseKeysOfSecrets"
          Action    = ["kms:Decrypt"]
          Resource  = ["${local.mendable.kms}:key/*"]
          Condition = { StringEquals = merge(local.only_if_managed, local.may_use_key_for["secretsmanager"].Condition.StringEquals) }
        },
      ] if length(arns) > 0
    ]),
  )
}

# ---- Lambda --------------------------------------------------------------

locals {
  look_at_functions = [
    {
      # GetFunction gives tags only to who may list them.
      Sid       = "LookAtTagsOfFunctions"
      Action    = ["lambda:ListTags"]
      Resource  = ["${local.mendable.lambda}:function:*"]
      Condition = {}
    },
    {
      Sid       = "LookAtFunctions"
      Action    = ["lambda:GetFunction"]
      Resource  = ["${local.mendable.lambda}:function:*"]
      Condition = { StringEquals = local.only_if_managed }
    },
    {
      Sid       = "LookAtConcurrencyOfAccount"
      Action    = ["lambda:GetAccountSettings"]
      Resource  = ["*"] # it knows no other
      Condition = {}
    },
  ]

  # Watchkeeper's own functions never have the tag (versions.tf), so it cannot stop
  # itself.
  change_concurrency = {
    Sid       = "ChangeConcurrency"
    Action    = ["lambda:DeleteFunctionConcurrency", "lambda:PutFunctionConcurrency"]
    Resource  = ["${local.mendable.lambda}:function:*"]
    Condition = { StringEquals = local.only_if_managed }
  }
}

# ---- SQS -----------------------------------------------------------------

locals {
  look_at_queues = {
    Sid       = "LookAtQueues"
    Action    = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListDeadLetterSourceQueues", "sqs:ListMessageMoveTasks", "sqs:ListQueueTags"]
    Resource  = ["${local.mendable.sqs}:*"]
    Condition = {}
  }

  # SQS moves messages as whoever started it: out of the dead-letter queue, which
  # takes receiving and deleting, and into the other. With a key of one's own it
  # takes, besides, to decrypt the one and encrypt the other.
  move_messages = [
    {
      Sid       = "MoveMessages"
      Action    = ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage", "sqs:StartMessageMoveTask"]
      Resource  = ["${local.mendable.sqs}:*"]
      Condition = { StringEquals = local.only_if_managed }
    },
    {
      Sid       = "UseKeysOfQueues"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = ["${local.mendable.kms}:key/*"]
      Condition = { StringEquals = merge(local.only_if_managed, local.may_use_key_for["sqs"].Condition.StringEquals) }
    },
  ]
}

# ---- Systems Manager -----------------------------------------------------

locals {
  look_at_runbooks = concat(
    [
      for arns in [values(local.document_arns)] : {
        Sid       = "LookAtTagsOfRunbooks"
        Action    = ["ssm:ListTagsForResource"]
        Resource  = arns
        Condition = {}
      } if length(arns) > 0
    ],
    [
      {
        Sid       = "LookAtExecution"
        Action    = ["ssm:GetAutomationExecution"]
        Resource  = ["${local.mendable.ssm}:automation-execution/*"]
        Condition = {}
      },
      {
        Sid       = "LookAtExecutions"
        Action    = ["ssm:DescribeAutomationExecutions"]
        Resource  = ["*"] # it knows no other
        Condition = {}
      },
    ],
  )

  # The tags of what a runbook is about count, too.
  look_at_what_runbooks_are_about = flatten([
    for kind, statements in {
      ecs-service     = [local.look_at_services, local.look_at_scalable_targets]
      db-instance     = [local.look_at_databases]
      lambda-function = local.look_at_functions
      sqs-queue       = [local.look_at_queues]
    } : statements if contains([for it in local.policy_remediations : it.kind if it.action == "ssm-runbook"], kind)
  ])

  # To start one takes the right to the document and to the execution, which is new
  # and has no tags yet: two statements, since a condition would hold for both. (Older
  # guides name `automation-definition` instead; it knows no tags.)
  start_runbooks = flatten([
    [
      for arns in [distinct([for name in local.runbooks_to_start : local.document_arns[name]])] : {
        Sid       = "StartRunbooks"
        Action    = ["ssm:StartAutomationExecution"]
        Resource  = arns
        Condition = { StringEquals = local.only_if_managed }
      } if length(arns) > 0
    ],
    [
      # Executions only, and never documents: it must not tag what it may then start.
      for any in [length(local.runbooks_to_start) > 0] : {
        Sid       = "MakeAndTagExecutions"
        Action    = ["ssm:AddTagsToResource", "ssm:StartAutomationExecution"]
        Resource  = ["${local.mendable.ssm}:automation-execution/*"]
        Condition = {}
      } if any
    ],
    [
      for arns in [local.roles_of_runbooks] : {
        Sid       = "PassRolesOfRunbooks"
        Action    = ["iam:PassRole"]
        Resource  = arns
        Condition = { StringEquals = { "iam:PassedToService" = ["ssm.amazonaws.com"] } }
      } if length(arns) > 0
    ],
  ])
}
