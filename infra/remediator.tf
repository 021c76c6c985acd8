# One tick of a remediation: hold, act, verify, revert.
#
# It may look at everything, so that a refusal can say what it saw, but change
# only what bears the tag watchkeeper=managed. For ECS the tag belongs on the
# scalable target as well as on the service: IAM sees the one, the guards the
# other.

module "remediator" {
  source = "./modules/function"

  name                 = "remediator"
  description          = "Mends what is safe to mend, checks it, puts it back"
  deployment           = local.functions
  timeout_seconds      = 60
  reserved_concurrency = local.reserved_concurrency["remediator"]

  environment = {
    WATCHKEEPER_TABLE = aws_dynamodb_table.state.name
  }

  permissions = concat(
    local.may_write_state,
    local.may_query_state,
    local.may_start_clock,
    local.may_look_at_targets,
    local.may_mend_targets,
  )
}

locals {
  only_if_managed = { "aws:ResourceTag/watchkeeper" = ["managed"] }

  may_look_at_targets = [
    {
      Sid       = "LookAtServices"
      Action    = ["ecs:DescribeServices"]
      Resource  = ["arn:${local.partition}:ecs:${local.region}:${local.account_id}:service/*"]
      Condition = {}
    },
    {
      Sid       = "LookAtScalableTargets"
      Action    = ["application-autoscaling:DescribeScalableTargets"]
      Resource  = ["*"] # it knows no other
      Condition = {}
    },
    {
      Sid    = "LookAtDatabases"
      Action = ["rds:DescribeDBClusters", "rds:DescribeDBInstances", "rds:DescribeEvents"]
      # What is described may be a cluster of the instance, or its events, which
      # have no ARN.
      Resource  = ["*"]
      Condition = {}
    },
  ]

  may_mend_targets = [
    {
      Sid      = "ChangeCapacityOfServices"
      Action   = ["application-autoscaling:RegisterScalableTarget"]
      Resource = ["arn:${local.partition}:application-autoscaling:${local.region}:${local.account_id}:scalable-target/*"]
      Condition = {
        StringEquals = merge(local.only_if_managed, {
          "application-autoscaling:service-namespace"  = ["ecs"]
          "application-autoscaling:scalable-dimension" = ["ecs:service:DesiredCount"]
        })
      }
    },
    {
      Sid       = "RebootInstances"
      Action    = ["rds:RebootDBInstance"]
      Resource  = ["arn:${local.partition}:rds:${local.region}:${local.account_id}:db:*"]
      Condition = { StringEquals = local.only_if_managed }
    },
    {
      Sid       = "FailOverClusters"
      Action    = ["rds:FailoverDBCluster"]
      Resource  = ["arn:${local.partition}:rds:${local.region}:${local.account_id}:cluster:*"]
      Condition = { StringEquals = local.only_if_managed }
    },
  ]
}
