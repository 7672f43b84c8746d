//! Speaks MCP over the ports; names no concrete store.
