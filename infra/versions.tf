# Which tools are needed, and where Watchkeeper is deployed. Region and
# credentials come from the environment (AWS_REGION, AWS_PROFILE and so on), as
# they do for every AWS tool; nothing here knows one account from another.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  default_tags {
    tags = local.tags
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # Never `watchkeeper`, which marks what Watchkeeper may mend: var.tags refuses it.
  tags = merge({ application = var.name }, var.tags)

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.name

  # Every alarm of this account and region, for the conditions of those who may
  # only speak for an alarm.
  alarm_arns = "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:*"
}
