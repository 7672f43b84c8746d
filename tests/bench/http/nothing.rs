//! The other side: a server with one tool, which does nothing, behind the layers that the product has.

use std::io::Read as _;

use fiml_mcp::{HttpConfig, http::layered, serve_http};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerCapabilities,
        ServerConfig,
    },
    service::RequestContext,
};
use tokio::{net::TcpListener, sync::oneshot};

/// The name of the tool.
pub(crate) const TOOL: &str = "nothing";

#[derive(Debug, Clone, Copy)]
struct Nothing;

impl ServerHandler for Nothing {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(vec![ContentBlock::text("done")]).into())
    }
}

/// Serves it until standard input ends; prints the address of its endpoint first.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let config = HttpConfig::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        println!("http://{address}/mcp");
        let (ended, end) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            drop(ended);
        });
        let router = layered(Nothing, &config);
        serve_http(listener, router, &config, async { drop(end.await) })
            .await
            .unwrap();
    });
}
