# Who watches the watchkeeper: alarms on itself. They go to the failsafe topic
# directly, never through the classifier. Those on the functions' errors and
# throttles are made with each function (modules/function).

locals {
  own_alarms = {
    dead-letters = {
      description = "Events wait in the dead-letter queue: the classifier could not process them. The sweeper tries them again; see its log, or run `watchkeeper redrive`."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.dead_letters.name }
      statistic   = "Maximum"
    }
    clock-failed = {
      description = "The clock of an incident stopped for good. The execution's history says why; the sweeper starts it again."
      namespace   = "AWS/States"
      metric      = "ExecutionsFailed"
      dimensions  = { StateMachineArn = aws_sfn_state_machine.clock.arn }
      statistic   = "Sum"
    }
    console-5xx = {
      description = "The console answers with errors: people may not be able to acknowledge. Read its log."
      namespace   = "AWS/Lambda"
      metric      = "Url5xxCount"
      dimensions  = { FunctionName = module.console.function_name }
      statistic   = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "own" {
  for_each = local.own_alarms

  alarm_name        = "${local.own_alarm_prefix}${each.key}"
  alarm_description = each.value.description

  namespace   = each.value.namespace
  metric_name = each.value.metric
  dimensions  = each.value.dimensions
  statistic   = each.value.statistic
  period      = 60

  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.failsafe.arn]
  ok_actions    = [aws_sns_topic.failsafe.arn]
}

# The dead man's switch: silence is the fault. The sweeper counts the rounds that
# it completed; if none came for three minutes, which CloudWatch takes five or six
# to believe, nothing drives what is pending, and perhaps nothing runs at all.
resource "aws_cloudwatch_metric_alarm" "sweeper_is_silent" {
  alarm_name        = "${local.own_alarm_prefix}sweeper-silent"
  alarm_description = "The sweeper has completed no round for minutes: Watchkeeper may be down as a whole. See its log, and whether its schedule ${aws_scheduler_schedule.round["sweeper"].name} is enabled."

  namespace   = "Watchkeeper"
  metric_name = "CompletedRuns"
  dimensions  = { Function = module.sweeper.function_name }
  statistic   = "Sum"
  period      = 60

  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  alarm_actions = [aws_sns_topic.failsafe.arn]
  ok_actions    = [aws_sns_topic.failsafe.arn]
}

# The same for the prober, once it has something to look at: a prober that is gone
# measures nothing, and an alarm on what it measures cannot tell that from a target that
# is down. Lambda itself counts its rounds; those that were completed did not fail.
resource "aws_cloudwatch_metric_alarm" "prober_is_silent" {
  count = local.rounds["prober"].rests ? 0 : 1

  alarm_name        = "${local.own_alarm_prefix}prober-silent"
  alarm_description = "The prober has completed no round for minutes: nothing is looked at from outside. See its log, and whether its schedule ${aws_scheduler_schedule.round["prober"].name} is enabled."

  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  metric_query {
    id          = "completed"
    expression  = "invocations - errors"
    label       = "Completed rounds"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { invocations = "Invocations", errors = "Errors" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { FunctionName = module.prober.function_name }
        period      = 60
        stat        = "Sum"
      }
    }
  }

  alarm_actions = [aws_sns_topic.failsafe.arn]
  ok_actions    = [aws_sns_topic.failsafe.arn]
}
