# The alarms of the example system Vitascope, for demonstrations (`demo_alarms`).
# What they watch, the demonstration makes itself. A user's own deployment has
# neither.

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
