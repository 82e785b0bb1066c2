"""What others check: independent validators, servers, clients and readers over what this product makes."""
