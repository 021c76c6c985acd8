# One tick of an incident's clock: whom to tell now, when to wake again.

module "escalation" {
  source = "./modules/function"

  name                 = "escalation"
  description          = "Tells people, and others until somebody answers"
  deployment           = local.functions
  timeout_seconds      = 40
  reserved_concurrency = local.reserved_concurrency["escalation"]

  environment = {
    WATCHKEEPER_TABLE    = aws_dynamodb_table.state.name
    WATCHKEEPER_LINK_KEY = aws_secretsmanager_secret.link_key.name
  }

  permissions = concat(
    local.may_write_state,
    local.may_query_state,
    local.may_delete_state, # the pointer of a group whose incident is over
    local.may_start_clock,
    local.may_publish_to_failsafe,
    local.may_publish_to_receivers,
    local.may_read_link_key,
    local.may_read_channels,
  )
}
