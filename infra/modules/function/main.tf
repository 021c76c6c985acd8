# One function with all that belongs to it: role, log, how its events are
# treated, and the alarms that say when it fails.

locals {
  function_name = "${var.deployment.name}-${var.name}"
  zip           = "${var.deployment.artifacts_dir}/${var.name}/bootstrap.zip"

  # By name, since the role must be there before the function.
  function_arn = "arn:${var.deployment.partition}:lambda:${var.deployment.region}:${var.deployment.account_id}:function:${local.function_name}"
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117: it calls only public AWS endpoints and HTTP channels; in a VPC it would depend on a NAT gateway, at many times the price of everything else
  #checkov:skip=CKV_AWS_272: the zip is built from this repository by whoever applies it, so a signature would be checked by the one who made it
  #checkov:skip=CKV_AWS_116: only the classifier is given events that must not be lost, and it has a queue; others are ticks, and the next tick does what one left undone

  function_name = local.function_name
  description   = var.description
  role          = aws_iam_role.this.arn

  filename         = local.zip
  source_code_hash = fileexists(local.zip) ? filebase64sha256(local.zip) : null
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = [var.deployment.architecture]

  timeout                        = var.timeout_seconds
  memory_size                    = var.memory_mb
  reserved_concurrent_executions = var.reserved_concurrency

  kms_key_arn = var.deployment.key_arn

  environment {
    variables = var.environment
  }

  # INFO, and not a variable. Finer messages are not compiled in. A coarser level
  # would lose metrics: Lambda drops what is below it, and a line in the embedded
  # metric format, by which Watchkeeper's own alarms live, counts as INFO.
  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = "Active"
  }

  dynamic "dead_letter_config" {
    for_each = var.asynchronous.dead_letter_queue_arn[*]

    content {
      target_arn = dead_letter_config.value
    }
  }

  # A function that can run before it may do anything fails at first.
  depends_on = [aws_iam_role_policy.permissions]

  lifecycle {
    precondition {
      condition     = fileexists(local.zip)
      error_message = "${local.zip} is missing: build the functions first, with `make build`."
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = var.asynchronous.maximum_event_age_seconds
  maximum_retry_attempts       = var.asynchronous.maximum_retries

  dynamic "destination_config" {
    for_each = var.asynchronous.failure_topic_arn[*]

    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.deployment.log_retention_days
  kms_key_id        = var.deployment.key_arn
}

# ---- What it may do ------------------------------------------------------

resource "aws_iam_role" "this" {
  name        = local.function_name
  description = "What Watchkeeper's ${var.name} may do"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

locals {
  permissions_of_every_function = [
    {
      Sid       = "WriteItsLog"
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = ["${aws_cloudwatch_log_group.this.arn}:*"]
      Condition = {}
    },
    {
      Sid       = "WriteTraces"
      Action    = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource  = ["*"] # X-Ray knows no other
      Condition = {}
    },
    {
      Sid       = "ReadItsEnvironment"
      Action    = ["kms:Decrypt"]
      Resource  = [var.deployment.key_arn]
      Condition = { StringEquals = { "kms:EncryptionContext:aws:lambda:FunctionArn" = [local.function_arn] } }
    },
  ]
}

resource "aws_iam_role_policy" "permissions" {
  name = "permissions"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # Parts come up twice when two permissions need the key for one service.
      for statement in distinct(concat(local.permissions_of_every_function, var.permissions)) : merge(
        { Effect = "Allow" },
        { for part, value in statement : part => value if part != "Condition" || length(statement.Condition) > 0 },
      )
    ]
  })
}

# ---- Who is told when it fails -------------------------------------------

resource "aws_cloudwatch_metric_alarm" "errors" {
  count = var.has_alarms ? 1 : 0

  alarm_name        = "${var.deployment.alarm_prefix}${var.name}-errors"
  alarm_description = "${local.function_name} keeps failing. Read its log group ${aws_cloudwatch_log_group.this.name}."

  namespace   = "AWS/Lambda"
  metric_name = "Errors"
  dimensions  = { FunctionName = local.function_name }
  statistic   = "Sum"
  period      = 60

  # One failure is tried again and heals; failures in two minutes out of five do
  # not.
  evaluation_periods  = 5
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = [var.deployment.alarm_topic_arn]
  ok_actions    = [var.deployment.alarm_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  count = var.has_alarms ? 1 : 0

  alarm_name        = "${var.deployment.alarm_prefix}${var.name}-throttles"
  alarm_description = "${local.function_name} is called more often than it may run. Raise reserved_concurrency, or the account's limit."

  namespace   = "AWS/Lambda"
  metric_name = "Throttles"
  dimensions  = { FunctionName = local.function_name }
  statistic   = "Sum"
  period      = 60

  # A burst is taken in when it is tried again; only what lasts is a fault.
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = [var.deployment.alarm_topic_arn]
  ok_actions    = [var.deployment.alarm_topic_arn]
}
