# One key of our own for everything that is stored: table, topics, queue,
# secrets, logs, the functions' environment, schedules.
#
# It cannot be AWS's own key for each service: CloudWatch may not use the one of
# SNS, so an alarm could not reach an encrypted topic, and would look healthy
# while it fails.

locals {
  key_administrators = {
    Sid       = "AccountAdministers"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }

  key_users = [
    {
      Sid       = "AlarmsReachTopics"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    },
    {
      Sid       = "TopicsReachTheDeadLetterQueue"
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = "*"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    },
    {
      # Without a condition: EventBridge does not say for whom it acts when it
      # uses a key, and with one it would lose events silently. The queue's
      # policy admits only our rules.
      Sid       = "EventsReachTheDeadLetterQueue"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = "*"
    },
    {
      Sid       = "LogsAreEncrypted"
      Effect    = "Allow"
      Principal = { Service = "logs.${local.region}.amazonaws.com" }
      Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
      Resource  = "*"
      Condition = {
        ArnLike = {
          "kms:EncryptionContext:aws:logs:arn" = [
            "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${var.name}-*",
            "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/vendedlogs/states/${var.name}-*",
          ]
        }
      }
    },
  ]

  # What a role needs of the key to use another service, and only through that
  # service.
  key_actions_by_service = {
    dynamodb       = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    secretsmanager = ["kms:Decrypt"]
    sns            = ["kms:Decrypt", "kms:GenerateDataKey"]
    sqs            = ["kms:Decrypt", "kms:GenerateDataKey"]
  }

  may_use_key_for = {
    for service, actions in local.key_actions_by_service : service => {
      Sid       = "UseKeyFor${title(service)}"
      Action    = actions
      Resource  = [aws_kms_key.this.arn]
      Condition = { StringEquals = { "kms:ViaService" = ["${service}.${local.region}.${data.aws_partition.current.dns_suffix}"] } }
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Everything that Watchkeeper (${var.name}) stores"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.key_administrators], local.key_users)
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
