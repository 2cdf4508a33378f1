"""The records of requests and answers, as OpenAPI declares them."""
