//! The table of error codes: the only place where one is made.

use http::StatusCode;

/// Whose fault an error is, in the words of the original's envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Category {
    /// The request was wrong.
    Client,
    /// The server failed.
    Server,
    /// A rule of the application refused.
    Business,
    /// Something took too long.
    Timeout,
    /// A value did not fit.
    Validation,
    /// Who asks is unknown, or may not.
    Auth,
    /// Too many requests.
    RateLimit,
}

impl Category {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client_error",
            Self::Server => "server_error",
            Self::Business => "business_error",
            Self::Timeout => "timeout_error",
            Self::Validation => "validation_error",
            Self::Auth => "auth_error",
            Self::RateLimit => "rate_limit_error",
        }
    }

    /// The category that a status implies.
    pub fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            401 | 403 => Self::Auth,
            429 => Self::RateLimit,
            408 | 504 => Self::Timeout,
            422 => Self::Validation,
            400..=499 => Self::Client,
            _ => Self::Server,
        }
    }
}

/// One row of the table of error codes.
///
/// `code` is stable: clients may match on it. Everything else may be worded anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code {
    /// The stable word, `lower_snake_case`.
    pub code: &'static str,
    /// The status it is sent with.
    pub status: StatusCode,
    /// Whose fault it is.
    pub category: Category,
    /// One line for people.
    pub title: &'static str,
    /// What causes it and what to do, in English.
    pub doc_en: &'static str,
    /// The same in Chinese.
    pub doc_zh: &'static str,
}

macro_rules! codes {
    ($(
        $name:ident = $status:ident $category:ident $code:literal,
        $title:literal, $en:literal, $zh:literal;
    )*) => {
        /// A constant for every row of [`CODES`].
        pub mod codes {
            use super::{Category, Code};
            use http::StatusCode;
            $(
                #[doc = $en]
                pub const $name: Code = Code {
                    code: $code,
                    status: StatusCode::$status,
                    category: Category::$category,
                    title: $title,
                    doc_en: $en,
                    doc_zh: $zh,
                };
            )*
        }

        /// Every code that the toolkit itself sends. The reference page is generated from it.
        pub const CODES: &[Code] = &[$(codes::$name),*];
    };
}

codes! {
    BAD_REQUEST = BAD_REQUEST Client "bad_request", "Bad request",
        "The request makes no sense as a whole; the detail says why.",
        "请求整体无效；detail 说明原因。";
    MISSING_HOST = BAD_REQUEST Client "missing_host", "Missing or repeated Host",
        "HTTP/1.1 needs exactly one valid `Host` header (RFC 9112, section 3.2).",
        "HTTP/1.1 要求恰好一个有效的 `Host` 头（RFC 9112 第 3.2 节）。";
    MALFORMED_PATH = BAD_REQUEST Client "malformed_path", "Malformed path",
        "The path holds a broken percent escape or bytes that are not UTF-8.",
        "路径含有错误的百分号转义或非 UTF-8 字节。";
    INVALID_PATH_PARAMETER = BAD_REQUEST Validation "invalid_path_parameter",
        "Invalid path parameter",
        "A part of the path is not of the kind the route asks for, such as a number.",
        "路径中的某一段不是路由要求的类型，例如数字。";
    INVALID_QUERY = BAD_REQUEST Validation "invalid_query", "Invalid query string",
        "The query string lacks a field, or a field is not of the kind asked for.",
        "查询字符串缺少字段，或字段类型不符。";
    INVALID_HEADER = BAD_REQUEST Validation "invalid_header", "Missing or invalid header",
        "A header that the route needs is missing or cannot be read.",
        "路由需要的请求头缺失或无法读取。";
    INVALID_COOKIE = BAD_REQUEST Validation "invalid_cookie", "Missing or invalid cookie",
        "A cookie that the route needs is missing or cannot be read.",
        "路由需要的 Cookie 缺失或无法读取。";
    INVALID_JSON = BAD_REQUEST Client "invalid_json", "Invalid JSON",
        "The body is not one JSON value: a syntax error, nothing at all, or something after it.",
        "正文不是单个 JSON 值：语法错误、内容为空或其后还有数据。";
    INVALID_FORM = BAD_REQUEST Client "invalid_form", "Invalid form",
        "The body is not a URL-encoded form that fits the route.",
        "正文不是符合路由要求的 URL 编码表单。";
    INVALID_MULTIPART = BAD_REQUEST Client "invalid_multipart", "Invalid multipart body",
        "The multipart body or its boundary breaks RFC 7578 or RFC 2046.",
        "multipart 正文或其边界违反 RFC 7578 或 RFC 2046。";
    INVALID_UTF8 = BAD_REQUEST Client "invalid_utf8", "Body is not UTF-8",
        "The route takes text and the body is not UTF-8.",
        "路由接受文本，但正文不是 UTF-8。";
    BODY_READ = BAD_REQUEST Client "body_read", "Body could not be read",
        "The body ended early or its framing is broken.",
        "正文提前结束或分帧错误。";
    NOT_FOUND = NOT_FOUND Client "not_found", "Not found",
        "No route matches the path.",
        "没有匹配该路径的路由。";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED Client "method_not_allowed", "Method not allowed",
        "The path exists, the method does not; `Allow` lists those that do.",
        "路径存在但不支持该方法；`Allow` 列出可用方法。";
    BODY_TIMEOUT = REQUEST_TIMEOUT Timeout "body_timeout", "Body came too slowly",
        "The body was not complete within the time allowed for reading it.",
        "未能在允许的读取时间内收到完整正文。";
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE Client "body_too_large", "Body too large",
        "The body is larger than the limit; `max_bytes` names it.",
        "正文超过限制；`max_bytes` 给出上限。";
    PART_TOO_LARGE = PAYLOAD_TOO_LARGE Client "part_too_large", "Multipart limit exceeded",
        "A multipart body has too many parts, or a part or its headers are too large.",
        "multipart 正文的部分过多，或某部分及其头过大。";
    UNSAFE_REDIRECT = BAD_REQUEST Client "unsafe_redirect", "Unsafe redirect target",
        "The target of the redirect is neither a path of this site nor of its own origin.",
        "重定向目标既不是本站路径，也不属于同一来源。";
    RANGE_NOT_SATISFIABLE = RANGE_NOT_SATISFIABLE Client "range_not_satisfiable",
        "Range not satisfiable",
        "The range asked for begins after the end of the file; `Content-Range` tells its length.",
        "请求的范围起点超出文件末尾；`Content-Range` 给出文件长度。";
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE Client "unsupported_media_type",
        "Unsupported media type",
        "The `Content-Type` is not one the route takes.",
        "`Content-Type` 不是路由接受的类型。";
    UNSUPPORTED_CONTENT_ENCODING = UNSUPPORTED_MEDIA_TYPE Client "unsupported_content_encoding",
        "Unsupported content encoding",
        "The `Content-Encoding` is not one the server decodes; `Accept-Encoding` lists those.",
        "服务器无法解码该 `Content-Encoding`；`Accept-Encoding` 列出可用编码。";
    INVALID_ENCODED_BODY = BAD_REQUEST Client "invalid_encoded_body", "Encoded body is broken",
        "The body is cut or is not what its `Content-Encoding` says.",
        "正文被截断，或与其 `Content-Encoding` 不符。";
    COMPRESSION_RATIO = PAYLOAD_TOO_LARGE Client "compression_ratio", "Body expands too much",
        "The body grows beyond all proportion when it is decoded; `max_ratio` names the bound.",
        "正文解码后膨胀过度；`max_ratio` 给出上限。";
    VALIDATION_FAILED = UNPROCESSABLE_ENTITY Validation "validation_failed", "Validation failed",
        "The body can be read but its values do not fit; `errors` lists each with a JSON pointer.",
        "正文可以解析但取值不符；`errors` 以 JSON 指针逐项列出。";
    UNAUTHENTICATED = UNAUTHORIZED Auth "unauthenticated", "Authentication required",
        "The request carries no valid credentials.",
        "请求没有携带有效凭证。";
    INVALID_TOKEN = UNAUTHORIZED Auth "invalid_token", "Invalid token",
        "The token is not one this server takes: wrong, malformed, or made for somebody else.",
        "服务器不接受该令牌：错误、格式不正确或签发给他人。";
    TOKEN_EXPIRED = UNAUTHORIZED Auth "token_expired", "Token expired",
        "The token was valid once; get a new one.",
        "令牌已过期；请获取新的令牌。";
    SESSION_EXPIRED = UNAUTHORIZED Auth "session_expired", "Session expired",
        "The session behind the token is over; sign in again.",
        "令牌对应的会话已过期；请重新登录。";
    SESSION_REVOKED = UNAUTHORIZED Auth "session_revoked", "Session revoked",
        "The session behind the token was ended or is unknown; sign in again.",
        "令牌对应的会话已被终止或不存在；请重新登录。";
    REFRESH_REUSED = UNAUTHORIZED Auth "refresh_reused", "Refresh token used twice",
        "A refresh token came a second time, so its session was ended; sign in again.",
        "刷新令牌被重复使用，会话已终止；请重新登录。";
    TOKEN_VERSION_MISMATCH = UNAUTHORIZED Auth "token_version_mismatch", "Token out of date",
        "All tokens of this version were withdrawn; sign in again.",
        "该版本的令牌已全部作废；请重新登录。";
    FORBIDDEN = FORBIDDEN Auth "forbidden", "Forbidden",
        "The credentials are valid and do not allow this.",
        "凭证有效，但无此权限。";
    CLIENT_CERTIFICATE_REQUIRED = FORBIDDEN Auth
        "client_certificate_required", "Client certificate required",
        "The connection showed no certificate of its client; connect with one.",
        "连接未出示客户端证书；请携带证书连接。";
    CSRF_REJECTED = FORBIDDEN Auth "csrf_rejected", "Cross-site request refused",
        "A page of another origin made the request; if it is yours, add it to the trusted origins.",
        "请求来自其他来源的页面；若为自有站点，请将其加入受信任来源。";
    CONFLICT = CONFLICT Business "conflict", "Conflict",
        "The request does not fit the present state of the resource.",
        "请求与资源当前状态冲突。";
    PRECONDITION_FAILED = PRECONDITION_FAILED Client "precondition_failed", "Precondition failed",
        "`If-Match`, `If-None-Match` or `If-Unmodified-Since` does not hold for the resource.",
        "资源不满足 `If-Match`、`If-None-Match` 或 `If-Unmodified-Since` 条件。";
    RATE_LIMITED = TOO_MANY_REQUESTS RateLimit "rate_limited", "Too many requests",
        "The client asked too often; `Retry-After` says when to come again.",
        "请求过于频繁；`Retry-After` 给出重试时间。";
    INTERNAL = INTERNAL_SERVER_ERROR Server "internal", "Internal error",
        "The server failed. The cause is in its log under the trace id, never in the answer.",
        "服务器内部错误。原因只记录在以 trace id 标识的日志中，不会出现在响应里。";
    NOT_IMPLEMENTED = NOT_IMPLEMENTED Server "not_implemented", "Not implemented",
        "The server does not do this.",
        "服务器不支持该操作。";
    UNAVAILABLE = SERVICE_UNAVAILABLE Server "unavailable", "Service unavailable",
        "The server cannot answer now: it starts, stops, or something it needs is away.",
        "服务器暂不可用：正在启动、停止，或依赖不可用。";
    SERVER_BUSY = SERVICE_UNAVAILABLE Server "server_busy", "Server busy",
        "The server runs and queues all it can; `Retry-After` says when to come again.",
        "正在处理和排队的请求已达上限；`Retry-After` 给出重试时间。";
    SERVER_QUEUE_TIMEOUT = SERVICE_UNAVAILABLE Server "server_queue_timeout", "Waited too long",
        "The request waited too long for its turn; `Retry-After` says when to come again.",
        "请求排队等待超过允许时间；`Retry-After` 给出重试时间。";
    UPSTREAM_FAILED = BAD_GATEWAY Server "upstream_failed", "Another server failed",
        "A server that this one asked is unknown, away, refused, or answered with what it may not.",
        "本服务所请求的另一服务器未知、不可用、被拒绝访问，或返回了不被接受的响应。";
    UPSTREAM_TIMEOUT = GATEWAY_TIMEOUT Timeout "upstream_timeout", "Another server took too long",
        "A server that this one asked did not answer in the time allowed.",
        "本服务所请求的另一服务器未能在允许的时间内响应。";
    TIMEOUT = GATEWAY_TIMEOUT Timeout "timeout", "Timed out",
        "The answer was not ready in the time allowed.",
        "未能在允许的时间内得到响应。";
}
