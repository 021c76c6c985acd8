output "ingest_topic_arn" {
  description = "Give this topic to an alarm as its action (alarm_actions and ok_actions), and to Alertmanager as an SNS receiver."
  value       = aws_sns_topic.ingest.arn
}

output "failsafe_topic_arn" {
  description = "The topic of last resort."
  value       = aws_sns_topic.failsafe.arn
}

output "receiver_topic_arns" {
  description = "The topics that the policy names, by these names."
  value       = local.policy_deployment.topics
}

output "topics_without_subscribers" {
  description = "Topics of the policy for which `subscriptions` has nobody: unless somebody subscribed otherwise, what is sent there is heard by no one."
  value       = sort([for topic in local.policy_topics : topic if length(lookup(var.subscriptions, topic, [])) == 0])
}

output "secrets_to_fill" {
  description = "Secrets that the policy names, made empty: put in the address and credentials of each channel."
  value       = sort(local.policy_secrets)
}

output "link_key_secret" {
  description = "Name of the secret with the key that signs links."
  value       = aws_secretsmanager_secret.link_key.name
}

output "console_url" {
  description = "Where people answer; the links in messages begin with it."
  value       = aws_lambda_function_url.console.function_url
}

output "table_name" {
  description = "The table with the state; `watchkeeper` asks for it."
  value       = aws_dynamodb_table.state.name
}

output "dead_letter_queue_url" {
  description = "Where events wait that could not be processed."
  value       = aws_sqs_queue.dead_letters.url
}

output "state_machine_arn" {
  description = "The clock of incidents."
  value       = aws_sfn_state_machine.clock.arn
}

output "function_names" {
  description = "The functions, by their short names."
  value = {
    classifier = module.classifier.function_name
    escalation = module.escalation.function_name
    remediator = module.remediator.function_name
    prober     = module.prober.function_name
    console    = module.console.function_name
    sweeper    = module.sweeper.function_name
  }
}

output "policy_version" {
  description = "The policy in force, as the classifier answered."
  value       = local.policy_version
}

output "probes_version" {
  description = "The probes file in force, as the prober answered."
  value       = local.probes_version
}

output "probe_home" {
  description = "What a prober in another Region must know: hand it to modules/probe-region."
  value       = local.probe_home
}
