//! WebSocket in Chinese: labels, values, refusals.

use super::rows::{Labels, Values};
use crate::trace::wire::labels::Label;
use crate::websocket::wire::Rule::{self, *};

#[rustfmt::skip]
pub(super) const LABELS: Labels = &[
    (Label::Offer, "这个请求提出使用 WebSocket"),
    (Label::OfferRefused, "服务器会拒绝这个 WebSocket 请求"),
    (Label::Nonce, "由 base64 解码：16 个随机字节"),
    (Label::AcceptText, "原样的密钥，后接 RFC 6455 规定的固定文本（GUID）"),
    (Label::AcceptHash, "这段文本的 SHA-1：20 字节"),
    (Label::AcceptBase64, "再编码为 base64：服务器必须发送的值"),
    (Label::Frame, "数据帧"),
    (Label::FrameFirst, "帧的第一个字节：FIN、三个保留位、四位操作码"),
    (Label::Fin, "FIN"),
    (Label::Rsv1, "RSV1"),
    (Label::Rsv2, "RSV2"),
    (Label::Rsv3, "RSV3"),
    (Label::FrameOpcode, "操作码"),
    (Label::FrameSecond, "第二个字节：MASK，七位长度"),
    (Label::MaskBit, "MASK"),
    (Label::Length7Bits, "载荷的长度，7 位"),
    (Label::Length16Bits, "载荷的长度，16 位，高字节在前"),
    (Label::Length64Bits, "载荷的长度，64 位，高字节在前"),
    (Label::FrameKey, "掩码键，随机，每一帧都是新的"),
    (Label::Payload, "载荷"),
    (Label::Unmasking, "载荷的字节 XOR 掩码键的字节 = 还原的字节；键用完后从头再用"),
    (Label::Unmasked, "去掉掩码后的载荷"),
    (Label::CloseCode, "关闭码，去掉掩码后是 16 位，高字节在前"),
    (Label::CloseReason, "关闭的原因"),
    (Label::Message, "完整的消息：由几个帧拼成，或已解压"),
    (Label::MessageFrames, "类型、长度和帧数"),
    (Label::BehindClose, "Close 帧之后的字节"),
];

#[rustfmt::skip]
pub(super) const MEANINGS: Values = &[
    (Label::Fin, "0", "这条消息还有后续的帧"),
    (Label::Fin, "1", "这条消息没有后续的帧了"),
    (Label::Rsv1, "0", "消息没有压缩"),
    (Label::Rsv1, "1", "消息是压缩的，握手时已商定（permessage-deflate）"),
    (Label::Rsv2, "0", "留给扩展，这里没有扩展使用它"),
    (Label::Rsv3, "0", "留给扩展，这里没有扩展使用它"),
    (Label::MaskBit, "0", "没有掩码键，载荷是原样的：服务器不得加掩码，因为浏览器里的脚本决定不了它发送什么"),
    (Label::MaskBit, "1", "其后是掩码键和加了掩码的载荷：客户端必须加掩码，否则浏览器里的脚本可以让代理把载荷误认作 HTTP；随机的键使脚本无法决定线路上的字节"),
    (Label::Length7Bits, "126", "超过 125，长度在其后 2 字节中"),
    (Label::Length7Bits, "127", "超过 65,535，长度在其后 8 字节中"),
    (Label::FrameOpcode, "0 Continuation", "消息的后续部分"),
    (Label::FrameOpcode, "1 Text", "消息开始，内容是 UTF-8 文本"),
    (Label::FrameOpcode, "2 Binary", "消息开始，内容是二进制数据"),
    (Label::FrameOpcode, "8 Close", "发送方不再发送；对方若还没有发过 Close，就回一个"),
    (Label::FrameOpcode, "9 Ping", "对方必须用 Pong 应答"),
    (Label::FrameOpcode, "10 Pong", "对 Ping 的应答"),
    (Label::CloseCode, "1000", "正常关闭"),
    (Label::CloseCode, "1001", "发送方要离开"),
    (Label::CloseCode, "1002", "对方违反了协议"),
    (Label::CloseCode, "1003", "发送方不接受这类数据"),
    (Label::CloseCode, "1007", "文本不是 UTF-8"),
    (Label::CloseCode, "1009", "消息太长"),
    (Label::CloseCode, "1011", "服务器出错了"),
];

/// Values that are words of ours.
#[rustfmt::skip]
pub(super) const VALUES: Values = &[
    (Label::MessageFrames, "text, # bytes in # frames", "文本，# 字节，分为 # 帧"),
    (Label::MessageFrames, "binary, # bytes in # frames", "二进制，# 字节，分为 # 帧"),
];

#[rustfmt::skip]
pub(super) const REFUSALS: &[(Rule, &str)] = &[
    (MethodNotGet, "请求 WebSocket 要用 GET"),
    (HttpVersionTooLow, "请求 WebSocket 要用 HTTP/1.1 或更高版本"),
    (ContentPresent, "请求 WebSocket 时不带内容"),
    (UpgradeMissing, "请求的 Upgrade 中必须有 websocket"),
    (ConnectionMissing, "请求的 Connection 中必须有 Upgrade"),
    (VersionRepeated, "请求只有一个 Sec-WebSocket-Version"),
    (VersionUnknown, "这里的协议版本只有 13"),
    (KeyMissing, "请求必须有 Sec-WebSocket-Key"),
    (KeyRepeated, "请求只有一个 Sec-WebSocket-Key"),
    (KeyInvalid, "Sec-WebSocket-Key 是 16 个字节的 base64"),
    (OriginRepeated, "请求只有一个 Origin"),
    (OriginForbidden, "来自这个 Origin 的页面不许连接这里"),
    (ProtocolInvalid, "Sec-WebSocket-Protocol 是 token 的列表，每个只出现一次"),
    (ProtocolsTooMany, "子协议的数目超过了这个服务器的上限"),
    (ExtensionInvalid, "Sec-WebSocket-Extensions 是 name; param; param=value 的列表"),
    (ExtensionsTooMany, "扩展和参数的数目超过了这里的上限"),

    (StatusNot101, "服务器同意使用 WebSocket 时应答 101"),
    (ResponseVersionTooLow, "只有 HTTP/1.1 能切换到别的协议"),
    (ResponseWithContent, "101 没有内容，因此没有 Content-Length 和 Transfer-Encoding"),
    (UpgradeWrong, "响应的 Upgrade 是 websocket，别无其他"),
    (ConnectionWrong, "响应的 Connection 中必须有 Upgrade"),
    (AcceptMissing, "响应必须有 Sec-WebSocket-Accept"),
    (AcceptRepeated, "响应只有一个 Sec-WebSocket-Accept"),
    (AcceptWrong, "Sec-WebSocket-Accept 与这个请求的密钥不符"),
    (ExtensionNotAsked, "响应选用了请求没有提出的扩展"),
    (ProtocolNotAsked, "响应选用了请求没有提出的子协议"),
    (ProtocolRepeated, "响应只有一个 Sec-WebSocket-Protocol"),

    (OpcodeReserved, "操作码 3 到 7 和 11 到 15 还没有含义"),
    (ControlFragmented, "控制帧不得分片"),
    (ControlTooLong, "控制帧的载荷最多 125 字节"),
    (LengthNotMinimal, "长度要用三种形式中最短的一种"),
    (LengthTooLarge, "64 位长度的最高位是 0"),
    (ReservedBitSet, "除非有扩展赋予含义，保留位都是 0"),
    (MaskMissing, "客户端给每一帧加掩码"),
    (MaskForbidden, "服务器不给任何一帧加掩码"),
    (ContinuationOfNothing, "后续帧要接着一条消息，而消息还没有开始"),
    (MessageInterrupted, "一条消息发完之后才能开始下一条"),
    (MessageTooBig, "消息超过了这里的接收上限"),
    (TextNotUtf8, "文本是 UTF-8"),
    (TextCut, "文本在一个字符的中间结束了"),
    (CloseTooShort, "Close 帧要么为空，要么以 2 字节的关闭码开头"),
    (CloseCodeInvalid, "这个关闭码不得出现在线路上"),
    (CloseReasonNotUtf8, "Close 帧中的原因是 UTF-8"),
    (ClosedAbnormally, "没有 Close 帧，连接就结束了"),
];
