# The clock: one execution per incident, which wakes the escalation and the
# remediator when they asked to be woken (clock.asl.json).

locals {
  clock_name = "${var.name}-incident"

  # By name: the functions it wakes may start it themselves, so their roles must
  # know it before it is there.
  clock_arn = "arn:${local.partition}:states:${local.region}:${local.account_id}:stateMachine:${local.clock_name}"

  may_start_clock = [
    {
      Sid       = "StartClock"
      Action    = ["states:StartExecution"]
      Resource  = [local.clock_arn]
      Condition = {}
    },
  ]
}

resource "aws_sfn_state_machine" "clock" {
  #checkov:skip=CKV_AWS_285: errors are logged, but without the data: what an alarm says may be confidential, and the incident's timeline has it
  name     = local.clock_name
  role_arn = aws_iam_role.clock.arn

  definition = templatefile("${path.module}/clock.asl.json", {
    partition      = local.partition
    escalation     = module.escalation.function_arn
    remediator     = module.remediator.function_arn
    failsafe_topic = aws_sns_topic.failsafe.arn
  })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.clock.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # Its role is asked for these when it is made.
  depends_on = [aws_iam_role_policy.clock]
}

resource "aws_cloudwatch_log_group" "clock" {
  # The prefix keeps the account's one policy for log deliveries short.
  name              = "/aws/vendedlogs/states/${local.clock_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

resource "aws_iam_role" "clock" {
  name        = local.clock_name
  description = "What Watchkeeper's state machine may do"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = local.clock_arn }
      }
    }]
  })
}

resource "aws_iam_role_policy" "clock" {
  name = "permissions"
  role = aws_iam_role.clock.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Wake"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [module.escalation.function_arn, module.remediator.function_arn]
      },
      {
        Sid      = "TellTheFailsafe"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.failsafe.arn]
      },
      merge(local.may_use_key_for["sns"], { Effect = "Allow" }),
      {
        Sid    = "DeliverItsLog"
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery",
          "logs:DeleteLogDelivery",
          "logs:DescribeLogGroups",
          "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery",
          "logs:ListLogDeliveries",
          "logs:PutResourcePolicy",
          "logs:UpdateLogDelivery",
        ]
        Resource = ["*"] # log deliveries know no other
      },
      {
        Sid      = "WriteTraces"
        Effect   = "Allow"
        Action   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      },
    ]
  })
}
