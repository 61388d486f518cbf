//! What is behind the proxy.

use std::net::SocketAddr;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::{BEAT, Error, Outcome, head};

/// Echoes what comes after an upgrade, and sends events.
pub(crate) async fn plain_origin() -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever goes ends it.
            tokio::spawn(async move { drop(plain(stream).await) });
        }
    });
    Ok(address)
}

async fn plain(stream: TcpStream) -> Outcome {
    let mut stream = BufReader::new(stream);
    if head(&mut stream).await?.starts_with("GET /socket ") {
        let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
        stream.write_all(answer.as_bytes()).await?;
        loop {
            let number = stream.read_u64().await?;
            stream.write_u64(number).await?;
        }
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        .await?;
    for number in 0_u64.. {
        stream.write_all(format!("data: {number}\n\n").as_bytes()).await?;
        tokio::time::sleep(BEAT).await;
    }
    Ok(())
}

/// Echoes each piece of a stream, and ends it as gRPC has it.
pub(crate) async fn http2_origin() -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await?;
                while let Some(asked) = connection.accept().await {
                    let (request, reply) = asked?;
                    tokio::spawn(async move { drop(echo(request.into_body(), reply).await) });
                }
                Ok::<_, h2::Error>(())
            });
        }
    });
    Ok(address)
}

async fn echo(mut body: h2::RecvStream, mut reply: h2::server::SendResponse<Bytes>) -> Outcome {
    let mut out = reply.send_response(http::Response::new(()), false)?;
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        out.send_data(piece, false)?;
    }
    let trailers = [("grpc-status".parse()?, "0".parse()?)];
    Ok(out.send_trailers(trailers.into_iter().collect())?)
}
