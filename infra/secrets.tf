# The key that signs links, and an empty secret for every channel that the
# policy names. No value of a secret is ever in Terraform's state.

resource "aws_secretsmanager_secret" "link_key" {
  #checkov:skip=CKV2_AWS_57: a rotation would void the links in messages that people are about to open; raise link_key_version when that is wanted
  name                    = "${var.name}/link-key"
  description             = "Signs the links in Watchkeeper's messages"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.secret_recovery_window_in_days
}

resource "aws_secretsmanager_secret_version" "link_key" {
  secret_id = aws_secretsmanager_secret.link_key.id

  # 64 characters made of 256 random bits. The argument is write-only: it is sent
  # when its version changes, and stored neither in the plan nor in the state, so
  # it does no harm that uuid() is another at each run. (The provider's ephemeral
  # random password would do as well, but cannot be mocked: `terraform test`
  # would need an AWS account.)
  secret_string_wo         = sha256("${uuid()}${uuid()}")
  secret_string_wo_version = var.link_key_version
}

# The address and the credentials of a Slack, PagerDuty or webhook channel. It is
# empty until somebody puts them in, with `aws secretsmanager put-secret-value`;
# until then the channel counts as down and its fallback is used.
resource "aws_secretsmanager_secret" "channel" {
  for_each = local.policy_secrets

  #checkov:skip=CKV2_AWS_57: only whoever issued these credentials can replace them
  name                    = each.key
  description             = "Address and credentials of a channel in Watchkeeper's policy"
  kms_key_id              = aws_kms_key.this.arn
  recovery_window_in_days = var.secret_recovery_window_in_days

  lifecycle {
    create_before_destroy = true # as with the topics

    precondition {
      condition     = can(regex("^watchkeeper/[A-Za-z0-9/_+=.@-]{1,500}$", each.key))
      error_message = "${basename(var.policy_file)}: the secret `${each.key}` must begin with `watchkeeper/` and otherwise have letters, digits and /_+=.@- only."
    }

    precondition {
      condition     = each.key != "${var.name}/link-key"
      error_message = "${basename(var.policy_file)}: the secret `${each.key}` is Watchkeeper's own; call yours something else."
    }
  }
}

locals {
  may_read_link_key = [
    {
      Sid       = "ReadLinkKey"
      Action    = ["secretsmanager:GetSecretValue"]
      Resource  = [aws_secretsmanager_secret.link_key.arn]
      Condition = {}
    },
    local.may_use_key_for["secretsmanager"],
  ]

  may_read_channels = [
    for arns in [values(aws_secretsmanager_secret.channel)[*].arn] : {
      Sid       = "ReadChannels"
      Action    = ["secretsmanager:GetSecretValue"]
      Resource  = arns
      Condition = {}
    } if length(arns) > 0
  ]
}
