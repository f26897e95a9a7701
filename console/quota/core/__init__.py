"""The pure rules of looking into quotas."""
