# What runs every minute: the sweeper and the prober.

locals {
  rounds = {
    sweeper = { arn = module.sweeper.function_arn, rests = false }
    prober  = { arn = module.prober.function_arn, rests = length(local.probe_flows) == 0 }
  }

  # Scheduler puts the moment in. (jsonencode would write its brackets as \\u003c.)
  round_input = "{\"scheduled_at\":\"<aws.scheduler.scheduled-time>\"}"

  round_arns = "arn:${local.partition}:scheduler:${local.region}:${local.account_id}:schedule/${aws_scheduler_schedule_group.rounds.name}/*"
}

resource "aws_scheduler_schedule_group" "rounds" {
  name = var.name
}

resource "aws_scheduler_schedule" "round" {
  for_each = local.rounds

  name                = each.key
  group_name          = aws_scheduler_schedule_group.rounds.name
  description         = "Watchkeeper's ${each.key}, every minute"
  schedule_expression = "rate(1 minute)"
  state               = each.value.rests ? "DISABLED" : "ENABLED"
  kms_key_arn         = aws_kms_key.this.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = each.value.arn
    role_arn = aws_iam_role.rounds.arn

    # Which minute it is for, however late it comes or however often.
    input = local.round_input

    # A round that is missed is not made up for, and goes into no queue: the next
    # one comes in a minute and does the same.
    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 0
    }
  }

  # There is nothing to do before there is a policy, and a probes file.
  depends_on = [aws_iam_role_policy.rounds, aws_lambda_invocation.policy, aws_lambda_invocation.probes]
}

resource "aws_iam_role" "rounds" {
  name        = "${var.name}-rounds"
  description = "What Watchkeeper's schedules may do"

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
        Resource = values(local.rounds)[*].arn
      },
      {
        Sid       = "ReadSchedules"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.this.arn]
        Condition = { ArnLike = { "kms:EncryptionContext:aws:scheduler:schedule:arn" = local.round_arns } }
      },
    ]
  })
}
