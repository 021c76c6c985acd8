# The always-firing watchdog, where the policy has one (`watchdog`): at an interval an
# alert goes through everything that a real one goes through, to a checker outside,
# which notices when it stays away. Nothing here tells anybody; and a beat that is lost
# must not be made up for, or its absence would say nothing.

locals {
  watchdog = try({
    secret = tostring(local.policy.watchdog.secret)
    every  = try(tostring(local.policy.watchdog.every), "15m")
  }, null)

  # The classifier says what is wrong with an interval; here it must only be read.
  watchdog_units   = { m = 1, h = 60, d = 1440 }
  watchdog_parts   = [for part in try(regexall("([0-9]+)([mhd])", local.watchdog.every), []) : tonumber(part[0]) * local.watchdog_units[part[1]]]
  watchdog_minutes = max(1, try(sum(local.watchdog_parts), 15))

  watchdog_source = "watchkeeper.watchdog" # as intake/event/ knows it
  watchdog_bus    = "arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/default"
}

resource "aws_scheduler_schedule" "watchdog" {
  count = local.watchdog == null ? 0 : 1

  name                = "watchdog"
  group_name          = aws_scheduler_schedule_group.rounds.name
  description         = "Has Watchkeeper's watchdog fire"
  schedule_expression = "rate(${local.watchdog_minutes} ${local.watchdog_minutes == 1 ? "minute" : "minutes"})"
  kms_key_arn         = aws_kms_key.this.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = local.watchdog_bus
    role_arn = aws_iam_role.watchdog[0].arn
    input    = jsonencode({ deployment = var.name })

    eventbridge_parameters {
      source      = local.watchdog_source
      detail_type = "Watchdog"
    }

    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 1
    }
  }

  depends_on = [aws_iam_role_policy.watchdog, aws_lambda_invocation.policy]
}

resource "aws_cloudwatch_event_rule" "watchdog" {
  count = local.watchdog == null ? 0 : 1

  name        = "${var.name}-watchdog"
  description = "The watchdog of this deployment"

  # Another deployment in the account has a watchdog of its own.
  event_pattern = jsonencode({
    source      = [local.watchdog_source]
    detail-type = ["Watchdog"]
    detail      = { deployment = [var.name] }
  })
}

resource "aws_cloudwatch_event_target" "watchdog" {
  count = local.watchdog == null ? 0 : 1

  rule      = aws_cloudwatch_event_rule.watchdog[0].name
  target_id = "classifier"
  arn       = module.classifier.function_arn

  # No queue, and no patience: see above.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 1
  }

  depends_on = [aws_lambda_permission.watchdog]

  lifecycle {
    precondition {
      condition     = local.policy_is_in_force
      error_message = local.policy_is_missing
    }
  }
}

resource "aws_lambda_permission" "watchdog" {
  count = local.watchdog == null ? 0 : 1

  statement_id  = "watchdog"
  function_name = module.classifier.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.watchdog[0].arn
}

resource "aws_iam_role" "watchdog" {
  count = local.watchdog == null ? 0 : 1

  name        = "${var.name}-watchdog"
  description = "What the watchdog's schedule may do"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "watchdog" {
  count = local.watchdog == null ? 0 : 1

  name = "permissions"
  role = aws_iam_role.watchdog[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Fire"
        Effect    = "Allow"
        Action    = ["events:PutEvents"]
        Resource  = [local.watchdog_bus]
        Condition = { StringEquals = { "events:source" = [local.watchdog_source] } }
      },
      {
        Sid       = "ReadSchedule"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this.arn]
        Condition = { ArnLike = { "kms:EncryptionContext:aws:scheduler:schedule:arn" = local.round_arns } }
      },
    ]
  })
}
