//! The table.

/// What is required, and which tests show that it holds.
pub(super) struct Requirement {
    pub(super) id: &'static str,
    pub(super) english: &'static str,
    pub(super) chinese: &'static str,
    /// Files below `crates/`, each with a function of it.
    pub(super) tests: &'static [(&'static str, &'static str)],
}

const fn row(
    id: &'static str,
    english: &'static str,
    chinese: &'static str,
    tests: &'static [(&'static str, &'static str)],
) -> Requirement {
    Requirement {
        id,
        english,
        chinese,
        tests,
    }
}

const ATTACKS: &str = "identity/tests/it/session/attacks.rs";
const LIFETIME: &str = "identity/tests/it/session/lifetime.rs";
const STORED: &str = "security/tests/it/password/stored.rs";
const POLICY: &str = "security/tests/it/password/policy.rs";
const TOKENS: &str = "security/tests/it/jwt/tokens.rs";
const FAMILY: &str = "identity/tests/it/family.rs";
const ROUTES: &str = "router/tests/it/auth.rs";
const LAYERS: &str = "middleware/tests/it/route_auth.rs";
const SECURITY_HEADERS: &str = "middleware/tests/it/security_headers.rs";
const JWT_ATTACKS: &str = "plumego/tests/it/tokens/attacks.rs";
const HANDSHAKES: &str = "app/tests/it/tls/handshakes.rs";

/// In the order of the standard.
pub(super) const REQUIREMENTS: &[Requirement] = &[
    row(
        "1.2.1",
        "Text is escaped for the place in HTML it goes to.",
        "文本按其在 HTML 中的位置转义。",
        &[(
            "security/tests/it/input.rs",
            "escaped_text_opens_nothing_and_is_the_text_again",
        )],
    ),
    row(
        "1.3.6",
        "Addresses from data do not reach the inside (SSRF).",
        "来自数据的地址无法触及内部（SSRF）。",
        &[
            (
                "client/tests/it/guard.rs",
                "bypass_urls_are_refused_at_once",
            ),
            (
                "client/tests/it/guard.rs",
                "a_rebinding_name_reaches_nothing",
            ),
            ("client/tests/it/redirects.rs", "a_hop_inwards_is_refused"),
        ],
    ),
    row(
        "2.4.1",
        "Floods of expensive calls are bounded.",
        "对昂贵调用的洪泛有上限。",
        &[(
            "plumego/tests/it/accounts/login_flood.rs",
            "three_hundred_logins_at_once_are_bounded_and_leave_other_routes_alone",
        )],
    ),
    row(
        "3.3.1–3.3.4",
        "Session cookies are `Secure`, `SameSite`, `__Host-` and `HttpOnly`.",
        "会话 Cookie 带 `Secure`、`SameSite`、`__Host-` 与 `HttpOnly`。",
        &[(
            ATTACKS,
            "the_cookie_is_for_this_host_alone_and_for_no_script",
        )],
    ),
    row(
        "3.4.1",
        "HSTS for at least a year, on secure answers.",
        "安全响应带至少一年的 HSTS。",
        &[
            (SECURITY_HEADERS, "asvs_3_4_1_strict_transport_security"),
            (
                SECURITY_HEADERS,
                "hsts_is_for_secure_requests_alone_and_not_for_localhost",
            ),
        ],
    ),
    row(
        "3.4.2",
        "CORS lets in listed origins alone.",
        "CORS 只允许列出的来源。",
        &[(
            "middleware/tests/it/cors.rs",
            "a_list_takes_the_origins_in_it_and_none_that_looks_alike",
        )],
    ),
    row(
        "3.4.3",
        "A content security policy, with a nonce for each answer where one is asked for.",
        "内容安全策略，需要时每个响应带各自的 nonce。",
        &[
            (SECURITY_HEADERS, "asvs_3_4_3_content_security_policy"),
            (SECURITY_HEADERS, "asvs_3_4_3_a_nonce_for_each_response"),
        ],
    ),
    row(
        "3.4.4",
        "`nosniff` on every answer.",
        "每个响应带 `nosniff`。",
        &[(SECURITY_HEADERS, "asvs_3_4_4_nosniff")],
    ),
    row(
        "3.4.5",
        "Path and query stay on the site.",
        "路径与查询不离开站点。",
        &[(SECURITY_HEADERS, "asvs_3_4_5_referrer_policy")],
    ),
    row(
        "3.4.6",
        "The policy says who may frame a page.",
        "策略说明谁可嵌入页面。",
        &[(SECURITY_HEADERS, "asvs_3_4_6_frame_ancestors")],
    ),
    row(
        "3.4.7",
        "Violations of the policy can be reported.",
        "可报告违反策略的情况。",
        &[(SECURITY_HEADERS, "asvs_3_4_7_reports")],
    ),
    row(
        "3.4.8",
        "Pages are isolated from those that opened them.",
        "页面与打开它的页面隔离。",
        &[(SECURITY_HEADERS, "asvs_3_4_8_cross_origin_opener_policy")],
    ),
    row(
        "3.5.1, 3.5.2",
        "A page of another site cannot use the cookie (CSRF).",
        "其他站点的页面无法利用 Cookie（CSRF）。",
        &[
            (
                "plumego/tests/it/accounts/sessions.rs",
                "a_page_of_another_site_cannot_use_the_cookie",
            ),
            (
                "middleware/tests/it/csrf.rs",
                "the_browser_says_where_a_request_comes_from",
            ),
        ],
    ),
    row(
        "4.1.1",
        "Answers say their content type and its charset.",
        "响应说明内容类型与字符集。",
        &[(
            "contract/tests/it/respond/simple.rs",
            "values_answer_with_their_content_type",
        )],
    ),
    row(
        "4.1.3",
        "Clients cannot forge what a proxy says.",
        "客户端无法伪造代理的头。",
        &[(
            "plumego/tests/it/proxies.rs",
            "trusted_proxy_tells_who_asks_and_what_the_client_forged_changes_nothing",
        )],
    ),
    row(
        "4.1.4",
        "Only methods that were written are answered.",
        "只响应写明的方法。",
        &[(
            "router/tests/it/methods.rs",
            "allow_is_the_union_over_all_leaves_of_the_path",
        )],
    ),
    row(
        "4.2.1",
        "The end of a message is read in one way (smuggling).",
        "报文边界只有一种读法（走私）。",
        &[
            ("app/tests/it/http1.rs", "smuggling_attempts_are_refused"),
            (
                "app/tests/it/http1.rs",
                "a_transfer_coding_other_than_one_chunked_is_refused_and_closed",
            ),
            (
                "app/tests/it/http1.rs",
                "a_length_beside_chunks_smuggles_nothing",
            ),
            (
                "app/tests/it/http2/conformance/mod.rs",
                "section_8_messages",
            ),
        ],
    ),
    row(
        "4.2.3",
        "Fields of a connection are neither taken by HTTP/2 nor sent on.",
        "HTTP/2 不接受连接专用的字段，也不转发它们。",
        &[
            (
                "app/tests/it/http2/conformance/mod.rs",
                "section_8_messages",
            ),
            (
                "client/tests/it/exchange.rs",
                "fields_of_the_connection_are_the_clients_own",
            ),
        ],
    ),
    row(
        "4.2.4",
        "No line end is taken in a field of HTTP/2.",
        "HTTP/2 的字段中不接受换行。",
        &[(
            "app/tests/it/http2/conformance/mod.rs",
            "section_8_messages",
        )],
    ),
    row(
        "4.2.5",
        "URLs and fields that are sent are bounded and checked.",
        "发出的 URL 与字段有界并经检查。",
        &[
            ("client/tests/it/url.rs", "length_is_bounded"),
            (
                "client/tests/it/exchange.rs",
                "what_cannot_be_sent_is_an_error_of_send",
            ),
        ],
    ),
    row(
        "5.2.1",
        "Uploads are bounded.",
        "上传有上限。",
        &[
            (
                "contract/tests/it/extract/multipart.rs",
                "a_part_is_bounded_in_bytes",
            ),
            (
                "contract/tests/it/extract/multipart.rs",
                "the_body_limit_holds_in_both_framings",
            ),
        ],
    ),
    row(
        "5.3.2",
        "No path leads out of its folder.",
        "任何路径都无法离开其目录。",
        &[
            (
                "frontend/tests/it/attacks.rs",
                "no_way_of_writing_a_path_leads_out_or_to_hidden_files",
            ),
            (
                "frontend/tests/it/attacks.rs",
                "links_that_lead_out_lead_nowhere",
            ),
        ],
    ),
    row(
        "5.4.1, 5.4.2",
        "Names of files are checked, and encoded when sent.",
        "文件名经过检查，发送时编码。",
        &[
            ("security/tests/it/input.rs", "names_of_files"),
            (
                "contract/tests/it/respond/file.rs",
                "a_hostile_name_stays_a_name",
            ),
        ],
    ),
    row(
        "6.1.2, 6.2.11",
        "Names of user and service are no passwords.",
        "用户与服务的名称不得作为口令。",
        &[(POLICY, "names_of_user_and_service_are_refused")],
    ),
    row(
        "6.2.1, 6.2.5, 6.2.9",
        "Length counts, 64 characters are taken, composition does not matter.",
        "只看长度，接受 64 个字符，不要求字符组成。",
        &[(POLICY, "length_counts_and_what_it_is_made_of_does_not")],
    ),
    row(
        "6.2.4",
        "The most common passwords are refused (4,000 of them).",
        "拒绝最常见的口令（4,000 个）。",
        &[(POLICY, "what_is_tried_first_is_refused")],
    ),
    row(
        "6.2.8",
        "A password counts as it came, byte for byte.",
        "口令按原样逐字节校验。",
        &[(STORED, "nothing_is_cut_and_nothing_is_changed")],
    ),
    row(
        "6.3.8",
        "Names cannot be told by the time of a login.",
        "无法由登录耗时推断用户是否存在。",
        &[(STORED, "nobody_takes_as_long_as_somebody")],
    ),
    row(
        "7.2.1",
        "Sessions are verified on the server.",
        "会话在服务器上校验。",
        &[
            (ATTACKS, "a_changed_cookie_is_that_of_nobody"),
            ("identity/tests/it/api_key.rs", "a_wrong_key_lets_nobody_in"),
        ],
    ),
    row(
        "7.2.3",
        "Ids of sessions have at least 128 random bits.",
        "会话标识至少含 128 位随机数。",
        &[(ATTACKS, "ids_are_256_random_bits")],
    ),
    row(
        "7.2.4",
        "The id is a new one at the login and at a change of rights.",
        "登录与权限变更时更换会话标识。",
        &[
            (
                ATTACKS,
                "an_id_planted_before_the_login_is_worth_nothing_after_it",
            ),
            (ATTACKS, "an_id_is_new_after_a_change_of_rights"),
        ],
    ),
    row(
        "7.3.1",
        "A session that is not used is over.",
        "闲置的会话会失效。",
        &[(LIFETIME, "a_session_that_is_not_used_is_over")],
    ),
    row(
        "7.3.2",
        "A session has an end whatever happens.",
        "会话有绝对期限。",
        &[
            (
                LIFETIME,
                "a_session_is_over_after_its_time_however_much_it_is_used",
            ),
            (FAMILY, "tokens_end_in_time_and_none_outlives_the_session"),
        ],
    ),
    row(
        "7.4.1",
        "After the logout cookie and tokens are dead.",
        "登出后 Cookie 与令牌立即失效。",
        &[
            (ATTACKS, "a_cookie_is_dead_after_the_logout"),
            (
                FAMILY,
                "signing_out_ends_every_token_of_the_session_at_once",
            ),
        ],
    ),
    row(
        "7.4.2, 7.4.3, 7.5.2",
        "Users see and end their sessions, one or all.",
        "用户可查看并结束自己的会话，单个或全部。",
        &[
            (LIFETIME, "a_user_sees_and_ends_own_sessions_and_no_others"),
            (
                FAMILY,
                "everything_of_a_subject_is_taken_back_by_its_version",
            ),
            (
                "identity/tests/it/regression.rs",
                "a_subject_ends_sessions_of_its_own_alone",
            ),
        ],
    ),
    row(
        "8.2.1",
        "Routes are open to those with the right alone.",
        "路由只对具有权利者开放。",
        &[
            (ROUTES, "a_requirement_is_held_and_the_one_of_the_group_too"),
            (ROUTES, "a_fallback_of_a_closed_group_is_closed"),
            (
                ROUTES,
                "a_policy_is_asked_of_every_route_that_may_change_something",
            ),
        ],
    ),
    row(
        "8.3.1",
        "Rights are checked on the server, and a missing layer opens nothing.",
        "权利在服务器上检查，缺少层不会放行。",
        &[
            (ROUTES, "a_route_that_nobody_could_ever_reach_is_a_problem"),
            (
                ROUTES,
                "a_layer_that_says_so_and_knows_nobody_opens_nothing",
            ),
            (
                LAYERS,
                "an_optional_layer_opens_no_route_that_asks_for_somebody",
            ),
        ],
    ),
    row(
        "8.3.2",
        "A change of rights holds at once.",
        "权限变更立即生效。",
        &[(ATTACKS, "an_id_is_new_after_a_change_of_rights")],
    ),
    row(
        "9.1.1",
        "The signature of a token is verified.",
        "校验令牌签名。",
        &[
            (TOKENS, "tampering_with_any_byte_is_seen"),
            ("security/tests/it/jwt/vectors.rs", "signatures"),
            (JWT_ATTACKS, "null_and_psychic_signatures"),
            (JWT_ATTACKS, "claims_that_were_changed"),
        ],
    ),
    row(
        "9.1.2",
        "A key is good for its own algorithm, and `none` is none.",
        "密钥只用于其算法，不接受 `none`。",
        &[
            (
                TOKENS,
                "every_algorithm_signs_and_verifies_and_only_with_its_own_key",
            ),
            (JWT_ATTACKS, "alg_none"),
            (JWT_ATTACKS, "a_public_key_as_a_secret"),
        ],
    ),
    row(
        "9.1.3",
        "Keys that a token brings are not used.",
        "不使用令牌自带的密钥。",
        &[
            (
                TOKENS,
                "extensions_are_refused_and_foreign_keys_are_read_over",
            ),
            (JWT_ATTACKS, "keys_that_the_token_brings_along"),
            (JWT_ATTACKS, "names_of_keys_that_are_something_else"),
        ],
    ),
    row(
        "9.2.1",
        "`exp` and `nbf` are checked.",
        "检查 `exp` 与 `nbf`。",
        &[(TOKENS, "times_are_checked_with_the_leeway_on_every_side")],
    ),
    row(
        "9.2.2",
        "A token is good for its own use alone.",
        "令牌只用于其用途。",
        &[(FAMILY, "each_kind_of_token_is_good_for_its_own_use_alone")],
    ),
    row(
        "9.2.3, 9.2.4",
        "Issuer, audience and type must be those stated.",
        "签发者、受众与类型必须与声明一致。",
        &[(TOKENS, "issuer_audience_and_type_must_be_those_stated")],
    ),
    row(
        "10.4.5",
        "A refresh token that comes again ends the whole family.",
        "再次出现的刷新令牌使整个家族失效。",
        &[(FAMILY, "a_refresh_token_that_comes_again_ends_the_family")],
    ),
    row(
        "11.2.3",
        "Keys that are too weak are refused.",
        "拒绝过弱的密钥。",
        &[(JWT_ATTACKS, "blank_and_weak_secrets")],
    ),
    row(
        "11.4.2",
        "Passwords are stored with Argon2id.",
        "口令以 Argon2id 存储。",
        &[
            (STORED, "a_new_password_is_argon2id_with_a_salt_of_its_own"),
            (
                "security/tests/it/password/ceilings.rs",
                "a_stored_hash_may_not_ask_for_the_whole_machine",
            ),
        ],
    ),
    row(
        "12.1.1",
        "TLS 1.2 and 1.3, nothing older.",
        "只用 TLS 1.2 与 1.3。",
        &[(HANDSHAKES, "old_versions_are_refused_and_new_ones_spoken")],
    ),
    row(
        "12.1.3",
        "Certificates of clients are verified.",
        "校验客户端证书。",
        &[(
            "app/tests/it/tls/clients.rs",
            "required_certificate_is_verified_by_authority_and_date",
        )],
    ),
    row(
        "12.3.2",
        "Certificates of other servers are verified.",
        "校验其他服务器的证书。",
        &[
            (
                "client/tests/it/tls.rs",
                "a_certificate_of_somebody_else_is_not",
            ),
            (
                "client/tests/it/tls.rs",
                "a_certificate_for_another_name_is_not_believed",
            ),
        ],
    ),
    row(
        "14.2.1",
        "Tokens and keys are not read from a URL.",
        "不从 URL 读取令牌与密钥。",
        &[
            (JWT_ATTACKS, "tokens_in_other_places"),
            (
                "identity/tests/it/api_key.rs",
                "a_key_is_read_from_one_place",
            ),
        ],
    ),
    row(
        "16.2.5",
        "Secrets are in no log and in no text.",
        "日志与文本中没有秘密。",
        &[
            (
                "identity/tests/it/api_key.rs",
                "neither_the_store_nor_any_text_has_the_secret",
            ),
            (
                "security/tests/it/jwt/keys.rs",
                "a_key_does_not_print_itself",
            ),
        ],
    ),
    row(
        "16.5.1",
        "Nothing internal is in an answer.",
        "响应中没有内部信息。",
        &[(
            "plumego/tests/it/secrecy.rs",
            "no_panic_text_and_no_internal_error_is_in_any_answer",
        )],
    ),
    row(
        "16.5.3",
        "When a store is away nobody is let in or signed out.",
        "存储不可用时不放行任何人，也不使人登出。",
        &[
            (
                ATTACKS,
                "a_store_that_is_away_signs_nobody_out_and_lets_nobody_in",
            ),
            (LAYERS, "the_route_decides_who_comes_through"),
            (FAMILY, "a_store_that_is_away_is_never_a_refusal"),
        ],
    ),
];
