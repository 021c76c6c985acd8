# Where people answer: acknowledge, resolve, approve. A function URL, reached by
# the links in messages, and by Slack with what people press there.

module "console" {
  source = "./modules/function"

  name                 = "console"
  description          = "Takes the answers of people, by signed links"
  deployment           = local.functions
  timeout_seconds      = 15
  reserved_concurrency = local.reserved_concurrency["console"]

  environment = merge(
    {
      WATCHKEEPER_TABLE    = aws_dynamodb_table.state.name
      WATCHKEEPER_LINK_KEY = aws_secretsmanager_secret.link_key.name
    },
    { for arn in local.slack_signing_secrets : "WATCHKEEPER_SLACK_SIGNING_SECRET" => arn },
  )

  permissions = concat(
    local.may_write_state,
    local.may_query_state,
    local.may_start_clock,
    local.may_read_link_key,
    local.may_read_slack_signing_secret,
  )
}

resource "aws_lambda_function_url" "console" {
  #checkov:skip=CKV_AWS_258: whoever is woken at night has a telephone, not AWS credentials; what a link allows is in its signature, and nothing is shown without one
  function_name      = module.console.function_name
  authorization_type = "NONE"
}

locals {
  slack_signing_secrets = var.slack_signing_secret_arn[*]

  # The secret is the operator's own. One that is encrypted by another key than AWS's
  # own for Secrets Manager or this deployment's cannot be read.
  may_read_slack_signing_secret = [
    for arn in local.slack_signing_secrets : {
      Sid       = "ReadSlackSigningSecret"
      Action    = ["secretsmanager:GetSecretValue"]
      Resource  = [arn]
      Condition = {}
    }
  ]
}

# Everybody may call the URL. Lambda asks for two permissions: the one to call the
# URL the provider adds with the URL; the other stands here. It should carry the
# condition that the call came through the URL, which this version of the provider
# cannot say; without it a direct invocation is let in as well, and needs a signed
# link all the same.
resource "aws_lambda_permission" "console" {
  #checkov:skip=CKV_AWS_301: see CKV_AWS_258 above
  statement_id  = "everybody"
  function_name = module.console.function_name
  action        = "lambda:InvokeFunction"
  principal     = "*"
}
