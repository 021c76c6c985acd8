output "region" {
  description = "Where it runs."
  value       = local.region
}

output "function_name" {
  description = "Full name of the function."
  value       = module.prober.function_name
}

output "function_arn" {
  description = "ARN of the function."
  value       = module.prober.function_arn
}

output "permissions" {
  description = "The statements of its role's policy, as they are in force."
  value       = module.prober.permissions
}

output "environment" {
  description = "Its environment variables."
  value       = module.prober.environment
}
