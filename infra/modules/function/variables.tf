variable "name" {
  description = "What the function is called within the deployment: the folder of its zip, the end of its full name."
  type        = string
  nullable    = false
}

variable "description" {
  description = "What it does, for whoever finds it in the console."
  type        = string
  nullable    = false
}

variable "deployment" {
  description = "What all functions of a deployment share: its name, where it is, what the functions were built for, who is told when one fails."
  type = object({
    name               = string
    partition          = string
    region             = string
    account_id         = string
    artifacts_dir      = string
    architecture       = string
    key_arn            = string
    log_retention_days = number
    alarm_prefix       = string
    alarm_topic_arn    = optional(string)
  })
  nullable = false
}

variable "timeout_seconds" {
  description = "After how long Lambda stops it."
  type        = number
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds is from 1 to 900."
  }
}

variable "memory_mb" {
  description = "Its memory; its share of a processor goes with it."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb is from 128 to 10240."
  }
}

variable "reserved_concurrency" {
  description = "How many may run at once, kept free for it; -1 reserves nothing."
  type        = number
  nullable    = false
}

variable "environment" {
  description = "Its environment variables. No secrets: names of secrets."
  type        = map(string)
  nullable    = false
}

variable "permissions" {
  description = "What its role may do, as IAM statements, besides writing its log and traces and reading its own environment. Always Allow."
  type = list(object({
    Sid       = string
    Action    = list(string)
    Resource  = list(string)
    Condition = map(map(list(string)))
  }))
  nullable = false

  validation {
    condition     = alltrue([for action in flatten(var.permissions[*].Action) : !strcontains(action, "*")])
    error_message = "Actions are spelled out, without `*`."
  }
}

variable "has_alarms" {
  description = "Whether there are alarms on its errors and throttles. Not where something else notices that it fails, as of a prober in another Region, from which the topic cannot be told."
  type        = bool
  default     = true
  nullable    = false
}

variable "asynchronous" {
  description = "What becomes of an event that was handed over without waiting for the answer. Unless a function says otherwise it is short-lived and tried once: a tick that comes late must not act."
  type = object({
    maximum_event_age_seconds = optional(number, 60)
    maximum_retries           = optional(number, 0)
    failure_topic_arn         = optional(string)
    dead_letter_queue_arn     = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.asynchronous.maximum_event_age_seconds >= 60 && var.asynchronous.maximum_event_age_seconds <= 21600
    error_message = "maximum_event_age_seconds is from 60 to 21600."
  }

  validation {
    condition     = contains([0, 1, 2], var.asynchronous.maximum_retries)
    error_message = "maximum_retries is 0, 1 or 2."
  }
}
