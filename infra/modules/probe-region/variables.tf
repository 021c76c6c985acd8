variable "home" {
  description = "The deployment that this prober belongs to: the output `probe_home` of infra/."
  type = object({
    name               = string
    partition          = string
    account_id         = string
    region             = string
    dns_suffix         = string
    table_name         = string
    table_arn          = string
    key_arn            = string
    secret_arns        = list(string)
    model_arns         = list(string)
    architecture       = string
    log_retention_days = number
  })
  nullable = false
}

variable "artifacts_dir" {
  description = "Folder of the built functions: prober/bootstrap.zip, as `make build` leaves it."
  type        = string
  nullable    = false
}

variable "reserved_concurrency" {
  description = "How many rounds may run at once, kept free for it; -1 reserves nothing: the only way in a young account."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.reserved_concurrency >= -1 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "reserved_concurrency is a whole number from -1 (nothing reserved) up; 0 stops it."
  }
}

variable "enabled" {
  description = "Whether it runs. What does not run is silent, and after some minutes the failsafe topic hears of that."
  type        = bool
  default     = true
  nullable    = false
}
