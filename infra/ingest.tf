# The three ways by which an alarm reaches the classifier. All of them wait for
# the policy to be in force. What other AWS services say is in events.tf.

# ---- 1. EventBridge: every alarm of the account, without doing anything for it

locals {
  # Watchkeeper's own alarms (watch.tf) go past it: they would tell it of its own
  # faults, which is a loop at best.
  own_alarm_prefix = "${var.name}-self-"

  # Parts of the alarms on error budgets (probes.tf): the whole comes in.
  burn_alarm_prefix = "${var.name}-burn-"

  ignored_alarm_prefixes = concat([local.own_alarm_prefix, local.burn_alarm_prefix], var.ignored_alarm_name_prefixes)
}

resource "aws_cloudwatch_event_rule" "alarms" {
  name        = "${var.name}-alarms"
  description = "CloudWatch alarms that change their state"

  event_pattern = jsonencode({
    source      = ["aws.cloudwatch"]
    detail-type = ["CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"]
    detail = {
      alarmName = [{ anything-but = { prefix = local.ignored_alarm_prefixes } }]
    }
  })
}

resource "aws_cloudwatch_event_target" "alarms" {
  rule      = aws_cloudwatch_event_rule.alarms.name
  target_id = "classifier"
  arn       = module.classifier.function_arn

  # As long and as often as EventBridge will; then the queue.
  retry_policy {
    maximum_event_age_in_seconds = 24 * 3600
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  depends_on = [aws_lambda_permission.events]

  lifecycle {
    precondition {
      condition     = local.policy_is_in_force
      error_message = local.policy_is_missing
    }
  }
}

resource "aws_lambda_permission" "events" {
  statement_id  = "events"
  function_name = module.classifier.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.alarms.arn
}

# ---- 2. SNS: alarms that have the ingest topic as their action, and Alertmanager

resource "aws_sns_topic_subscription" "classifier" {
  topic_arn = aws_sns_topic.ingest.arn
  protocol  = "lambda"
  endpoint  = module.classifier.function_arn

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn })

  depends_on = [aws_lambda_permission.ingest]

  lifecycle {
    precondition {
      condition     = local.policy_is_in_force
      error_message = local.policy_is_missing
    }
  }
}

resource "aws_lambda_permission" "ingest" {
  statement_id  = "ingest"
  function_name = module.classifier.function_name
  action        = "lambda:InvokeFunction"
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.ingest.arn
}

# ---- 3. Directly: alarms that have the classifier as their action

resource "aws_lambda_permission" "alarms" {
  statement_id   = "alarms"
  function_name  = module.classifier.function_name
  action         = "lambda:InvokeFunction"
  principal      = "lambda.alarms.cloudwatch.amazonaws.com"
  source_account = local.account_id
  source_arn     = local.alarm_arns

  lifecycle {
    precondition {
      condition     = local.policy_is_in_force
      error_message = local.policy_is_missing
    }
  }
}
