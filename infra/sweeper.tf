# What drives the rest: effects still pending, clocks overdue, events in the
# dead-letter queue, alarms that nobody told us of.

module "sweeper" {
  source = "./modules/function"

  name                 = "sweeper"
  description          = "Drives what is still pending, reconciles with CloudWatch"
  deployment           = local.functions
  timeout_seconds      = 55 # it runs every minute
  reserved_concurrency = local.reserved_concurrency["sweeper"]

  environment = {
    WATCHKEEPER_TABLE = aws_dynamodb_table.state.name
  }

  permissions = concat(
    local.may_write_state,
    local.may_query_state,
    local.may_start_clock,
    local.may_take_dead_letters,
    [
      {
        Sid       = "HandOverDeadLetters"
        Action    = ["lambda:InvokeFunction"]
        Resource  = [module.classifier.function_arn]
        Condition = {}
      },
      {
        Sid       = "LookAtAlarms"
        Action    = ["cloudwatch:DescribeAlarms"]
        Resource  = ["*"] # with less, composite alarms are left out
        Condition = {}
      },
    ],
  )
}
