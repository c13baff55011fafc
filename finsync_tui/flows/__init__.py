"""The business processes, one file each; `runner` makes their steps durable."""
