output "function_name" {
  description = "Full name of the function."
  value       = aws_lambda_function.this.function_name
}

output "function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "code_sha256" {
  description = "Digest of the zip that is deployed, in base64."
  value       = aws_lambda_function.this.source_code_hash
}

output "tags" {
  description = "The tags that the function itself is given, besides the provider's default tags."
  value       = coalesce(aws_lambda_function.this.tags, {})
}

output "environment" {
  description = "Its environment variables."
  value       = one(aws_lambda_function.this.environment).variables
}

output "permissions" {
  description = "The statements of its role's policy, as they are in force."
  value       = jsondecode(aws_iam_role_policy.permissions.policy).Statement
}

output "alarms" {
  description = "Its alarms by name, and whom each tells when it begins and when it ends."
  value = {
    for alarm in concat(aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.throttles) :
    alarm.alarm_name => { begins = alarm.alarm_actions, ends = alarm.ok_actions }
  }
}
