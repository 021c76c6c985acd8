# The standing orders: read here for the names in them, then handed to the
# classifier, which checks them with the very code that will use them and stores
# them. If they are not right the apply fails with file, line and reason, and the
# old ones stay in force.

locals {
  policy_text = file(var.policy_file)
  policy      = yamldecode(local.policy_text)

  # Only the names are read, and forgivingly: what is wrong with the rest, the
  # classifier says better.
  policy_receivers       = try([for receiver in local.policy.receivers : receiver], [])
  policy_contact_methods = try(flatten([for user in local.policy.users : try(user.contact_methods, [])]), [])
  policy_http_channels = flatten([
    for receiver in local.policy_receivers : [
      for kind in ["slack_configs", "pagerduty_configs", "webhook_configs"] : try(receiver[kind], [])
    ]
  ])

  policy_topics = toset(compact(concat(
    [for channel in flatten([for receiver in local.policy_receivers : try(receiver.sns_configs, [])]) : try(channel.topic, "")],
    [for channel in local.policy_http_channels : try(channel.fallback_topic, "")],
    [for method in local.policy_contact_methods : try(method.topic, "")],
  )))

  policy_secrets = toset(compact(concat(
    [for channel in local.policy_http_channels : try(channel.secret, "")],
    [for method in local.policy_contact_methods : try(method.slack_secret, "")],
    [for method in local.policy_contact_methods : try(method.pagerduty_secret, "")],
    [try(local.watchdog.secret, "")],
  )))

  # What no one writes by hand: where things are.
  policy_deployment = {
    topics            = { for topic, it in aws_sns_topic.receiver : topic => it.arn }
    failsafe_topic    = aws_sns_topic.failsafe.arn
    ingest_topic      = aws_sns_topic.ingest.arn
    state_machine     = aws_sfn_state_machine.clock.arn
    console_url       = aws_lambda_function_url.console.function_url
    link_key          = aws_secretsmanager_secret.link_key.name
    classifier        = module.classifier.function_name
    classifier_arn    = module.classifier.function_arn
    takes_all_alarms  = true # by the rule in ingest.tf
    excluded_prefixes = local.ignored_alarm_prefixes
    dead_letter_queue = aws_sqs_queue.dead_letters.url

    # Whether a click on a button in Slack is heard, by the console.
    slack_interactivity = var.slack_signing_secret_arn != null
  }
}

resource "aws_lambda_invocation" "policy" {
  function_name = module.classifier.function_name

  input = jsonencode({
    watchkeeper = {
      install_policy = {
        file   = basename(var.policy_file)
        source = local.policy_text # with its line numbers, for what the errors say
        policy = merge(
          local.policy,
          { deployment = local.policy_deployment },
          { for key, scale in { time_scale = var.drill_time_scale } : key => scale if scale > 1 },
        )
      }
    }
  })

  # New code checks the policy anew, even if not a letter of it has changed.
  triggers = {
    classifier = module.classifier.code_sha256
  }

  # Whoever it tells is listening before it is in force, and its channels' secrets
  # are there.
  depends_on = [aws_secretsmanager_secret.channel, aws_sns_topic_subscription.receiver]
}

locals {
  # Whatever brings events in looks at this first, so that no event arrives
  # before there is a policy. An answer without a version is not the classifier's.
  policy_version = try(jsondecode(aws_lambda_invocation.policy.result).version, "")

  policy_is_in_force = local.policy_version != ""
  policy_is_missing  = "The classifier did not say which policy is in force, so no events are let in. It answered: ${aws_lambda_invocation.policy.result}. Deploy one that does, or ask again: terraform apply -replace=aws_lambda_invocation.policy"
}
