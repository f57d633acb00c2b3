//! What a rendering says between the spans: the line above a message, and what has happened.

/// In English, with `#` for a number and `*` for any text; in Chinese.
#[rustfmt::skip]
pub(super) const PHRASES: &[(&str, &str)] = &[
    ("client", "客户端"),
    ("server", "服务器"),
    (", inside TLS", "，在 TLS 之内"),
    ("conversation #, ", "会话 #，"),
    ("request #", "请求 #"),
    ("request # goes on", "请求 #（续）"),
    ("response to request #", "对请求 # 的响应"),
    ("response to request # goes on", "对请求 # 的响应（续）"),
    ("interim response to request #", "对请求 # 的临时响应"),
    ("interim response to request # goes on", "对请求 # 的临时响应（续）"),
    ("continued", "（续）"),
    ("# bytes", "# 字节"),
    ("… # bytes more", "……另有 # 字节"),
    ("bytes # to #", "字节 # 到 #"),
    ("byte #", "字节 #"),
    ("… (# bytes)", "……（# 字节）"),

    ("client * connects to server *", "客户端 * 连接服务器 *"),
    ("cut", "连接被切断"),
    ("cut by a RST: both directions end (RFC 9293 §3.5.2)", "连接被 RST 切断：两个方向都结束（RFC 9293 §3.5.2）"),
    ("# more bytes of it are not in the capture", "其中另有 # 字节不在抓包中"),
    ("not followed further: # conversations are open", "不再跟踪：同时有 # 个会话"),
    ("the output was too slow: not recorded from here on", "输出太慢：此后不再记录"),
    ("the output was too slow: not recorded, nor the # behind it", "输出太慢：没有记录，其后的 # 个也没有"),
    ("the connection began before the capture: its first bytes are missing", "抓包开始时连接已经建立：缺少最初的字节"),
    ("a segment lies 1 GiB or more ahead of the last one: it is passed over", "一个报文段比上一个超前 1 GiB 或更多：跳过"),
    ("there are too many connections: this one was silent and is forgotten", "连接太多：这一条没有动静，不再跟踪"),
    ("an IP packet came in fragments, which are not put together: its bytes are missing",
        "一个 IP 包分成了几片，这里不重组：缺少其中的字节"),
    ("a packet is not what its headers say: it is passed over", "一个包与其首部不符：跳过"),
    ("link type # is not read here: its packets are passed over", "这里不读链路类型 #：跳过它的包"),
];
