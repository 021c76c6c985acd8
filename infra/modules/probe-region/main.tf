# The prober in another Region than the deployment's: it runs the flows that name its
# Region, and writes what came of them to the table at home. Whether a flow is down, the
# prober at home says; it also says when nothing is heard from here, so there are no
# alarms here.

data "aws_region" "current" {}

locals {
  region = data.aws_region.current.name
  # Roles are the account's, not the Region's.
  name = "${var.home.name}-${local.region}"

  log_group = "arn:${var.home.partition}:logs:${local.region}:${var.home.account_id}:log-group:/aws/lambda/${local.name}-*"
  schedules = "arn:${var.home.partition}:scheduler:${local.region}:${var.home.account_id}:schedule/${local.name}/*"
}

module "prober" {
  source = "../function"

  name        = "prober"
  description = "Runs the flows of Watchkeeper's probes file in this Region"

  deployment = {
    name               = local.name
    partition          = var.home.partition
    region             = local.region
    account_id         = var.home.account_id
    artifacts_dir      = var.artifacts_dir
    architecture       = var.home.architecture
    key_arn            = aws_kms_key.this.arn
    log_retention_days = var.home.log_retention_days
    alarm_prefix       = "${var.home.name}-self-"
    alarm_topic_arn    = null
  }

  has_alarms = false

  timeout_seconds      = 58 # it runs every minute
  memory_mb            = 512
  reserved_concurrency = var.reserved_concurrency

  environment = {
    WATCHKEEPER_TABLE       = var.home.table_name
    WATCHKEEPER_HOME_REGION = var.home.region
  }

  permissions = concat(
    [
      {
        Sid       = "ReadFlows"
        Action    = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
        Resource  = [var.home.table_arn]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["CONTROL", "FLOW#*", "PROBES"] } }
      },
      {
        # Which flows there are is changed at home only.
        Sid       = "WriteWhatCameOfThem"
        Action    = ["dynamodb:PutItem"]
        Resource  = [var.home.table_arn]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["FLOW#*"] } }
      },
      {
        Sid       = "UseKeyAtHome"
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
        Resource  = [var.home.key_arn]
        Condition = { StringEquals = { "kms:ViaService" = ["dynamodb.${var.home.region}.${var.home.dns_suffix}"] } }
      },
    ],
    [
      for arns in [var.home.secret_arns] : {
        Sid       = "ReadProbeSecrets"
        Action    = ["secretsmanager:GetSecretValue"]
        Resource  = arns
        Condition = {}
      } if length(arns) > 0
    ],
    [
      for arns in [var.home.model_arns] : {
        Sid       = "AskModels"
        Action    = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
        Resource  = arns
        Condition = {}
      } if length(arns) > 0
    ],
  )
}

# ---- Its rounds --------------------------------------------------------------

resource "aws_scheduler_schedule_group" "rounds" {
  name = local.name
}

resource "aws_scheduler_schedule" "round" {
  name                = "prober"
  group_name          = aws_scheduler_schedule_group.rounds.name
  description         = "Watchkeeper's prober, every minute"
  schedule_expression = "rate(1 minute)"
  state               = var.enabled ? "ENABLED" : "DISABLED"
  kms_key_arn         = aws_kms_key.this.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.prober.function_arn
    role_arn = aws_iam_role.rounds.arn

    # As at home (rounds.tf).
    input = "{\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"

    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 0
    }
  }

  depends_on = [aws_iam_role_policy.rounds]
}

resource "aws_iam_role" "rounds" {
  name        = "${local.name}-rounds"
  description = "What Watchkeeper's schedule in ${local.region} may do"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.home.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "rounds" {
  name = "permissions"
  role = aws_iam_role.rounds.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartRounds"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [module.prober.function_arn]
      },
      {
        Sid       = "ReadSchedules"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this.arn]
        Condition = { ArnLike = { "kms:EncryptionContext:aws:scheduler:schedule:arn" = local.schedules } }
      },
    ]
  })
}

# ---- The key of what is stored here: its log, environment and schedule --------

resource "aws_kms_key" "this" {
  description             = "What Watchkeeper (${var.home.name}) stores in ${local.region}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountAdministers"
        Effect    = "Allow"
        Principal = { AWS = "arn:${var.home.partition}:iam::${var.home.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LogsAreEncrypted"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = local.log_group } }
      },
    ]
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.name}"
  target_key_id = aws_kms_key.this.key_id
}
