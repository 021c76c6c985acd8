# The example system Vitascope, for demonstrations: its alarms (`demo_alarms`),
# and what the demonstration mends (`demo_workload`). A user's own deployment has
# neither.

# ---- Alarms ----------------------------------------------------------------

locals {
  demo_alarms = merge(
    {
      vitascope-api-high-cpu = {
        description = "The API's processors are busy"
        namespace   = "AWS/ECS"
        metric      = "CPUUtilization"
        dimensions  = { ClusterName = "vitascope-cluster", ServiceName = "vitascope-api" }
        statistic   = "Average"
        periods     = 2
        more_than   = 70 # percent
      }
      vitascope-api-high-latency = {
        description = "One answer of the API in twenty is slow"
        namespace   = "Vitascope/API"
        metric      = "p95ResponseTime"
        dimensions  = {}
        statistic   = "Average"
        periods     = 3
        more_than   = 500 # milliseconds
      }
      vitascope-database-connections = {
        description = "The database is running out of connections"
        namespace   = "AWS/RDS"
        metric      = "DatabaseConnections"
        dimensions  = { DBInstanceIdentifier = "vitascope-db" }
        statistic   = "Maximum"
        periods     = 1
        more_than   = 80 # four fifths of the 100 that it takes
      }
      vitascope-batch-late = {
        description = "The nightly job is late"
        namespace   = "Vitascope/Batch"
        metric      = "JobDelay"
        dimensions  = {}
        statistic   = "Maximum"
        periods     = 1
        more_than   = 900 # seconds
      }
      vitascope-checkout-mystery = {
        description = "Something that the policy has no rule for"
        namespace   = "Vitascope/Checkout"
        metric      = "Oddness"
        dimensions  = {}
        statistic   = "Maximum"
        periods     = 1
        more_than   = 0
      }
    },
    {
      for n in range(1, 41) : format("vitascope-worker-%02d-errors", n) => {
        description = "A worker fails"
        namespace   = "Vitascope/Worker"
        metric      = "Errors"
        dimensions  = { Worker = format("%02d", n) }
        statistic   = "Sum"
        periods     = 1
        more_than   = 0
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "demo" {
  for_each = { for alarm, it in local.demo_alarms : alarm => it if var.demo_alarms }

  alarm_name        = each.key
  alarm_description = each.value.description

  namespace   = each.value.namespace
  metric_name = each.value.metric
  dimensions  = each.value.dimensions
  statistic   = each.value.statistic
  period      = 60

  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.more_than
  treat_missing_data  = "missing" # it keeps the state that a drill gave it

  alarm_actions = [aws_sns_topic.ingest.arn]
  ok_actions    = [aws_sns_topic.ingest.arn]
}

# ---- Workload --------------------------------------------------------------
#
# The service's scalable target is not made here but by the demonstration, which
# watches it rise and fall.

locals {
  demo_workload = toset(var.demo_workload ? ["vitascope"] : [])

  may_be_mended = { watchkeeper = "managed" }
}

data "aws_vpc" "default" {
  for_each = local.demo_workload

  default = true
}

data "aws_subnets" "default" {
  for_each = local.demo_workload

  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default[each.key].id]
  }
}

resource "aws_ecs_cluster" "demo" {
  for_each = local.demo_workload

  name = "${each.key}-cluster"
  tags = local.may_be_mended

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "demo" {
  for_each = local.demo_workload

  family                   = "${each.key}-api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512

  # It only has to be there: nothing of it is used.
  container_definitions = jsonencode([{
    name                   = "api"
    image                  = "public.ecr.aws/docker/library/busybox:stable"
    command                = ["sleep", "infinity"]
    essential              = true
    readonlyRootFilesystem = true
    user                   = "nobody"
  }])
}

resource "aws_ecs_service" "demo" {
  for_each = local.demo_workload

  #checkov:skip=CKV_AWS_333: in the default VPC an image can only be fetched with a public address; nothing listens on it
  name            = "${each.key}-api"
  cluster         = aws_ecs_cluster.demo[each.key].arn
  task_definition = aws_ecs_task_definition.demo[each.key].arn
  desired_count   = 2
  launch_type     = "FARGATE"
  tags            = local.may_be_mended

  network_configuration {
    subnets          = data.aws_subnets.default[each.key].ids
    assign_public_ip = true
  }

  lifecycle {
    # What others decide once the service is there: its scalable target, and ECS.
    ignore_changes = [desired_count, availability_zone_rebalancing]
  }
}

resource "aws_db_instance" "demo" {
  for_each = local.demo_workload

  #checkov:skip=CKV_AWS_118: it holds nothing and lives for a demonstration
  #checkov:skip=CKV_AWS_129: see CKV_AWS_118
  #checkov:skip=CKV_AWS_161: see CKV_AWS_118
  #checkov:skip=CKV_AWS_293: see CKV_AWS_118
  #checkov:skip=CKV_AWS_353: see CKV_AWS_118
  #checkov:skip=CKV2_AWS_30: see CKV_AWS_118
  #checkov:skip=CKV2_AWS_60: see CKV_AWS_118
  identifier        = "${each.key}-db"
  engine            = "postgres"
  instance_class    = "db.t4g.micro"
  allocated_storage = 20
  multi_az          = true # a restart may then fail over
  tags              = local.may_be_mended

  username                    = each.key
  manage_master_user_password = true # nobody needs to know it

  storage_encrypted          = true
  kms_key_id                 = aws_kms_key.this.arn
  auto_minor_version_upgrade = true
  publicly_accessible        = false
  skip_final_snapshot        = true
  apply_immediately          = true
}
