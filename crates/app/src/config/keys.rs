//! The table of everything that can be set for a server.

use std::time::Duration;

use plumego_config::{Key, Kind};
use plumego_contract::ForwardedHeader;

const HOUR: Duration = Duration::from_hours(1);

/// From nothing to an hour.
const TIME: Kind = Kind::Duration {
    min: Duration::ZERO,
    max: HOUR,
};

/// Of the abuse guard.
const GUARD_NUMBER: Kind = Kind::Integer {
    min: 1,
    max: 1_000_000_000,
};

/// Everything that can be set for a server: key, variable, flag, bounds, default. `--help`,
/// `env.example` and the reference page are written from it.
pub const SERVER_KEYS: &[Key] = &[
    Key::new("server.addr", Kind::List)
        .env("APP_ADDR")
        .flag("--addr")
        .default(":8080")
        .doc(
            "Addresses to listen on, separated by commas; `:8080` is all interfaces, \
             `unix:/run/app.sock` a Unix socket.",
            "监听地址，以逗号分隔；`:8080` 表示所有网卡，`unix:/run/app.sock` 表示 Unix 套接字。",
        ),
    Key::new("server.unix_socket_mode", Kind::Text)
        .env("APP_UNIX_SOCKET_MODE")
        .flag("--unix-socket-mode")
        .default("0660")
        .doc(
            "Mode of the files of Unix sockets, in octal digits.",
            "Unix 套接字文件的权限，八进制数字。",
        ),
    Key::new("server.debug", Kind::Bool)
        .env("APP_DEBUG")
        .flag("--debug")
        .default("false")
        .doc(
            "Whether this is a development run: errors show what is behind them.",
            "是否为开发模式：错误会显示其原因。",
        ),
    Key::new("server.config_watch", Kind::Bool)
        .env("APP_CONFIG_WATCH")
        .flag("--config-watch")
        .default("false")
        .reloadable()
        .doc(
            "Whether `.env` and the TOML file are read again when they change; so in debug.",
            "`.env` 与 TOML 文件变更时是否重新读取；调试模式下总是如此。",
        ),
    Key::new("server.shutdown_timeout", TIME)
        .env("APP_SHUTDOWN_TIMEOUT_MS")
        .flag("--shutdown-timeout")
        .default("5s")
        .reloadable()
        .doc(
            "Time for open requests and everything else to end.",
            "等待未完成请求及其余部分结束的时间。",
        ),
    Key::new("server.pre_drain", TIME)
        .env("APP_PRE_DRAIN_MS")
        .flag("--pre-drain")
        .default("0s")
        .reloadable()
        .doc(
            "Time between readiness 503 and the end of accepting.",
            "就绪探针返回 503 之后、停止接受连接之前的时间。",
        ),
    Key::new(
        "server.drain_interval",
        Kind::Duration {
            min: Duration::from_millis(10),
            max: Duration::from_mins(1),
        },
    )
    .env("APP_DRAIN_INTERVAL_MS")
    .flag("--drain-interval")
    .default("500ms")
    .reloadable()
    .doc(
        "How often a drain logs what is still open.",
        "排空期间记录未关闭连接的间隔。",
    ),
    Key::new("server.read_header_timeout", TIME)
        .env("APP_READ_HEADER_TIMEOUT_MS")
        .flag("--read-header-timeout")
        .default("5s")
        .reloadable()
        .doc(
            "Time for the head of a request; 0 switches it off.",
            "读取请求头的时限；0 表示关闭。",
        ),
    Key::new("server.read_timeout", TIME)
        .env("APP_READ_TIMEOUT_MS")
        .flag("--read-timeout")
        .default("30s")
        .reloadable()
        .doc(
            "How long a request body may stand still; 0 switches it off.",
            "请求体停滞的时限；0 表示关闭。",
        ),
    Key::new("server.write_timeout", TIME)
        .env("APP_WRITE_TIMEOUT_MS")
        .flag("--write-timeout")
        .default("30s")
        .reloadable()
        .doc(
            "How long an answer that is not taken may stand still; 0 switches it off.",
            "响应无法写出的时限；0 表示关闭。",
        ),
    Key::new("server.idle_timeout", TIME)
        .env("APP_IDLE_TIMEOUT_MS")
        .flag("--idle-timeout")
        .default("60s")
        .reloadable()
        .doc(
            "How long a connection may wait for its next request; 0 switches it off.",
            "连接等待下一个请求的时限；0 表示关闭。",
        ),
    Key::new(
        "server.start_timeout",
        Kind::Duration {
            min: Duration::from_millis(1),
            max: HOUR,
        },
    )
    .env("APP_START_TIMEOUT_MS")
    .flag("--start-timeout")
    .default("30s")
    .doc("Time for each component to start.", "每个组件启动的时限。"),
    Key::new(
        "server.max_header_bytes",
        Kind::Bytes {
            min: 8 * 1024,
            max: 16 * 1024 * 1024,
        },
    )
    .env("APP_MAX_HEADER_BYTES")
    .flag("--max-header-bytes")
    .default("1MiB")
    .doc(
        "Most bytes in the head of a request.",
        "请求头的最大字节数。",
    ),
    Key::new(
        "server.max_body_bytes",
        Kind::Bytes {
            min: 1,
            max: u64::MAX,
        },
    )
    .env("APP_MAX_BODY_BYTES")
    .flag("--max-body-bytes")
    .default("10MiB")
    .zero_is_unlimited()
    .reloadable()
    .doc(
        "Most bytes in the body of a request.",
        "请求体的最大字节数。",
    ),
    Key::new(
        "server.max_connections",
        Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
    )
    .env("APP_MAX_CONNECTIONS")
    .flag("--max-connections")
    .default("10000")
    .doc(
        "Most open connections; more wait in the queue of the system.",
        "最大打开连接数；超出者在系统队列中等待。",
    ),
    Key::new(
        "server.max_connections_per_ip",
        Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
    )
    .env("APP_MAX_CONNECTIONS_PER_IP")
    .flag("--max-connections-per-ip")
    .default("0")
    .zero_is_unlimited()
    .doc(
        "Most open connections of one client; more are closed at once. Trusted proxies are exempt.",
        "单个客户端的最大打开连接数；超出者立即关闭。可信代理不受此限。",
    ),
    Key::new("server.http2", Kind::Bool)
        .env("APP_ENABLE_HTTP2")
        .flag("--http2")
        .default("true")
        .doc(
            "HTTP/2 beside HTTP/1.1: by ALPN over TLS, by prior knowledge without.",
            "除 HTTP/1.1 外是否支持 HTTP/2：TLS 下经 ALPN，无 TLS 时按预先约定。",
        ),
    Key::new("server.tls.enabled", Kind::Bool)
        .env("TLS_ENABLED")
        .flag("--tls")
        .default("false")
        .doc(
            "Whether the addresses speak HTTPS; needs the feature `tls`.",
            "各监听地址是否使用 HTTPS；需要特性 `tls`。",
        ),
    Key::new("server.tls.cert_file", Kind::List)
        .env("TLS_CERT_FILE")
        .flag("--tls-cert")
        .default("")
        .doc(
            "PEM files with certificate chains, separated by commas; the first is the default.",
            "PEM 证书链文件，以逗号分隔；第一个为默认证书。",
        ),
    Key::new("server.tls.key_file", Kind::List)
        .env("TLS_KEY_FILE")
        .flag("--tls-key")
        .default("")
        .doc(
            "PEM files with the private keys, in the order of the certificates.",
            "PEM 私钥文件，顺序与证书一致。",
        ),
    Key::new("server.tls.min_version", Kind::Choice(&["1.2", "1.3"]))
        .env("TLS_MIN_VERSION")
        .flag("--tls-min-version")
        .default("1.2")
        .doc("The least version of TLS.", "TLS 的最低版本。"),
    Key::new(
        "server.tls.client_auth",
        Kind::Choice(&["none", "optional", "required"]),
    )
    .env("TLS_CLIENT_AUTH")
    .flag("--tls-client-auth")
    .default("none")
    .doc(
        "Whether clients are asked for a certificate.",
        "是否要求客户端提供证书。",
    ),
    Key::new("server.tls.client_ca_file", Kind::Path)
        .env("TLS_CLIENT_CA_FILE")
        .flag("--tls-client-ca")
        .default("")
        .doc(
            "PEM file with the authorities that sign certificates of clients.",
            "签发客户端证书的 CA 的 PEM 文件。",
        ),
    Key::new("server.tls.redirect_addr", Kind::Text)
        .env("TLS_REDIRECT_ADDR")
        .flag("--tls-redirect-addr")
        .default("")
        .doc(
            "One more address, such as `:80`, that sends plain HTTP to `https://`.",
            "额外的明文 HTTP 监听地址（如 `:80`），将请求重定向到 `https://`。",
        ),
    Key::new(
        "server.tls.redirect_port",
        Kind::Integer {
            min: 1,
            max: 65_535,
        },
    )
    .env("TLS_REDIRECT_PORT")
    .flag("--tls-redirect-port")
    .default("443")
    .doc(
        "The port of `https://` as clients see it.",
        "客户端所见的 `https://` 端口。",
    ),
    Key::new(
        "server.http2_max_streams",
        Kind::Integer {
            min: 1,
            max: 10_000,
        },
    )
    .env("APP_HTTP2_MAX_STREAMS")
    .flag("--http2-max-streams")
    .default("250")
    .doc(
        "Most open streams of one HTTP/2 connection.",
        "一个 HTTP/2 连接的最大打开流数。",
    ),
    Key::new(
        "server.http2_max_header_bytes",
        Kind::Bytes {
            min: 4 * 1024,
            max: 16 * 1024 * 1024,
        },
    )
    .env("APP_HTTP2_MAX_HEADER_BYTES")
    .flag("--http2-max-header-bytes")
    .default("64KiB")
    .doc(
        "Most bytes in the head of a request by HTTP/2, 32 for each field included.",
        "HTTP/2 请求头的最大字节数，每个字段另计 32 字节。",
    ),
    Key::new(
        "server.http2_max_resets",
        Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
    )
    .env("APP_HTTP2_MAX_RESETS")
    .flag("--http2-max-resets")
    .default("200")
    .doc(
        "Most streams given up unanswered, beyond those answered; then the connection ends.",
        "在应答前放弃的流（超出已应答数的部分）的上限；超出则连接结束。",
    ),
    Key::new("server.trusted_proxies", Kind::List)
        .env("APP_TRUSTED_PROXIES")
        .flag("--trusted-proxies")
        .default("")
        .doc(
            "Networks whose forwarding headers are believed, such as `10.0.0.0/8`; `unix` for \
             Unix sockets.",
            "可信代理网段，信任其转发头，例如 `10.0.0.0/8`；`unix` 表示 Unix 套接字。",
        ),
    Key::new(
        "server.forwarded_header",
        Kind::Choice(ForwardedHeader::NAMES),
    )
    .env("APP_FORWARDED_HEADER")
    .flag("--forwarded-header")
    .default("x-forwarded")
    .doc(
        "The forwarding headers that the trusted proxies write: `X-Forwarded-For`, `-Proto` and \
         `-Host`, or `Forwarded`. The other ones are never read.",
        "可信代理写入的转发头：`X-Forwarded-For`、`-Proto`、`-Host`，或 `Forwarded`。另一种从不读取。",
    ),
    Key::new("server.request_timeout", TIME)
        .env("APP_REQUEST_TIMEOUT_MS")
        .flag("--request-timeout")
        .default("30s")
        .reloadable()
        .doc(
            "Time to the head of the response, beyond it 504; 0 switches it off.",
            "到响应头为止的时限，超出为 504；0 表示关闭。",
        ),
    Key::new(
        "server.max_concurrency",
        Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
    )
    .env("APP_MAX_CONCURRENCY")
    .flag("--max-concurrency")
    .default("256")
    .zero_is_unlimited()
    .reloadable()
    .doc("Most requests that run at once.", "同时处理的最大请求数。"),
    Key::new(
        "server.queue_depth",
        Kind::Integer {
            min: 0,
            max: 1_000_000,
        },
    )
    .env("APP_QUEUE_DEPTH")
    .flag("--queue-depth")
    .default("512")
    .reloadable()
    .doc(
        "Most requests that wait for their turn, beyond it 503; 0 for none.",
        "排队等待的最大请求数，超出为 503；0 表示不排队。",
    ),
    Key::new(
        "server.queue_timeout",
        Kind::Duration {
            min: Duration::ZERO,
            max: Duration::from_mins(1),
        },
    )
    .env("APP_QUEUE_TIMEOUT_MS")
    .flag("--queue-timeout")
    .default("250ms")
    .reloadable()
    .doc(
        "How long a request waits for its turn, beyond it 503.",
        "请求排队等待的时限，超出为 503。",
    ),
    Key::new(
        "server.max_waiting_bodies_per_client",
        Kind::Integer {
            min: 1,
            max: 1_000_000,
        },
    )
    .env("APP_MAX_WAITING_BODIES_PER_CLIENT")
    .flag("--max-waiting-bodies-per-client")
    .default("64")
    .zero_is_unlimited()
    .doc(
        "Most running requests of one client whose body is waited for, beyond it 503.",
        "单个客户端正在处理且等待请求体的最大请求数，超出为 503。",
    ),
    Key::new("server.abuse_guard_enabled", Kind::Bool)
        .env("APP_ABUSE_GUARD_ENABLED")
        .flag("--abuse-guard")
        .default("true")
        .doc(
            "Whether every client has a share of the requests, beyond it 429.",
            "是否按客户端限制请求频率，超出为 429。",
        ),
    Key::new("server.abuse_guard_rate", GUARD_NUMBER)
        .env("APP_ABUSE_GUARD_RATE")
        .flag("--abuse-guard-rate")
        .default("100")
        .reloadable()
        .doc(
            "Requests a second for each client.",
            "每个客户端每秒的请求数。",
        ),
    Key::new("server.abuse_guard_burst", GUARD_NUMBER)
        .env("APP_ABUSE_GUARD_BURST")
        .flag("--abuse-guard-burst")
        .default("200")
        .reloadable()
        .doc(
            "Requests at once for each client.",
            "每个客户端一次可发的请求数。",
        ),
    Key::new(
        "server.abuse_guard_max_keys",
        Kind::Integer {
            min: 1,
            max: 10_000_000,
        },
    )
    .env("APP_ABUSE_GUARD_MAX_KEYS")
    .flag("--abuse-guard-max-keys")
    .default("100000")
    .doc(
        "Clients that are told apart; newcomers beyond it share one quota.",
        "可区分的客户端数；超出的新客户端共用一份配额。",
    ),
    Key::new("server.security_headers_enabled", Kind::Bool)
        .env("APP_SECURITY_HEADERS_ENABLED")
        .flag("--security-headers")
        .default("true")
        .doc(
            "Whether responses carry security headers for browsers.",
            "响应是否带有给浏览器的安全头。",
        ),
    Key::new("server.auth_token", Kind::Text)
        .env("AUTH_TOKEN")
        .default("")
        .secret()
        .doc(
            "Tokens for the program's token authentication, separated by commas.",
            "供程序的令牌认证使用的令牌，以逗号分隔。",
        ),
    Key::new("server.ops_token", Kind::Text)
        .env("OPS_TOKEN")
        .default("")
        .secret()
        .doc(
            "Tokens of operators who may look and act, separated by commas.",
            "可查看并操作的运维令牌，以逗号分隔。",
        ),
    Key::new("server.ops_read_token", Kind::Text)
        .env("OPS_READ_TOKEN")
        .default("")
        .secret()
        .doc(
            "Tokens of operators who may look only, separated by commas.",
            "只读运维令牌，以逗号分隔。",
        ),
    Key::new("server.log_format", Kind::Choice(&["pretty", "json"]))
        .env("APP_LOG_FORMAT")
        .flag("--log-format")
        .default("pretty")
        .doc("How log lines look.", "日志行的格式。"),
    Key::new("server.log_level", Kind::Text)
        .env("APP_LOG_LEVEL")
        .flag("--log-level")
        .default("info")
        .reloadable()
        .doc(
            "Which events are logged, such as `info` or `info,hyper=warn`.",
            "记录哪些事件，例如 `info` 或 `info,hyper=warn`。",
        ),
    Key::new("server.log_file", Kind::Path)
        .env("APP_LOG_FILE")
        .flag("--log-file")
        .default("")
        .doc(
            "File that log lines are appended to; empty for standard output.",
            "追加日志行的文件；为空则写到标准输出。",
        ),
    Key::new(
        "server.log_file_max_bytes",
        Kind::Bytes {
            min: 64 * 1024,
            max: u64::MAX,
        },
    )
    .env("APP_LOG_FILE_MAX_BYTES")
    .flag("--log-file-max-bytes")
    .default("0")
    .zero_is_unlimited()
    .doc(
        "Most bytes of the log file; then it is put aside and a new one begun.",
        "日志文件的最大字节数；超出则更名保留并新建文件。",
    ),
    Key::new(
        "server.log_file_max_age",
        Kind::Duration {
            min: Duration::ZERO,
            max: Duration::from_hours(366 * 24),
        },
    )
    .env("APP_LOG_FILE_MAX_AGE_MS")
    .flag("--log-file-max-age")
    .default("0s")
    .doc(
        "Time after which the log file is put aside; 0 switches it off.",
        "日志文件更名保留的时间间隔；0 表示关闭。",
    ),
    Key::new("server.log_file_keep", Kind::Integer { min: 0, max: 1000 })
        .env("APP_LOG_FILE_KEEP")
        .flag("--log-file-keep")
        .default("10")
        .doc(
            "How many log files that were put aside are kept.",
            "保留多少个更名后的日志文件。",
        ),
];

/// What values a field accepts.
pub(super) fn kind(field: &str) -> Option<Kind> {
    let is = |key: &&Key| key.name.strip_prefix("server.") == Some(field);
    SERVER_KEYS.iter().find(is).map(|key| key.kind)
}

/// The least and the greatest number that a field accepts.
pub(super) fn numbers(field: &str) -> Option<(u64, u64)> {
    match kind(field)? {
        Kind::Bytes { min, max } => Some((min, max)),
        Kind::Integer { min, max } => Some((min.try_into().ok()?, max.try_into().ok()?)),
        _ => None,
    }
}
