# Takes alarms, decides what they mean, stores it, starts the clock. It also
# checks and stores the policy (policy.tf).

module "classifier" {
  source = "./modules/function"

  name                 = "classifier"
  description          = "Classifies and routes what comes in; checks and stores the policy"
  deployment           = local.functions
  timeout_seconds      = 30
  reserved_concurrency = local.reserved_concurrency["classifier"]

  environment = {
    WATCHKEEPER_TABLE = aws_dynamodb_table.state.name
  }

  permissions = concat(
    local.may_write_state,
    local.may_check_state,
    local.may_start_clock,
    local.may_publish_to_failsafe,
    local.may_leave_dead_letters,
  )

  # CloudWatch does not say a thing twice, so an alarm is kept as long as Lambda
  # can keep it, and then handed to those who can read it raw.
  asynchronous = {
    maximum_event_age_seconds = 6 * 3600
    maximum_retries           = 2
    failure_topic_arn         = aws_sns_topic.failsafe.arn
    dead_letter_queue_arn     = aws_sqs_queue.dead_letters.arn
  }
}
