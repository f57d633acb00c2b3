//! What belongs to no protocol of its own, TCP, UDP and framed messages, in Chinese.

use super::rows::{Labels, Values};
use crate::trace::wire::labels::Label;

#[rustfmt::skip]
pub(super) const LABELS: Labels = &[
    (Label::Refused, "拒绝，这些字节违反了规则"),
    (Label::RefusedAt, "违反规则的位置，以及那里的内容"),
    (Label::Unexplained, "没有解释的字节"),
    (Label::End, "不再发送：这个方向到此结束"),
    (Label::Gap, "抓包中缺失的字节"),
    (Label::Bytes, "数据：两个程序之间的内容"),

    (Label::Datagram, "数据报"),
    (Label::FramedMessage, "分帧的消息"),
    (Label::FramedSerial, "消息的序号"),
    (Label::FramedLength, "消息体的长度"),
    (Label::FramedBody, "消息体"),
    (Label::FramedPadding, "定长单元的填充"),
    (Label::FramedDelimiter, "分隔符：消息到此结束"),
];

/// Values that are words of ours.
#[rustfmt::skip]
pub(super) const VALUES: Values = &[
    (Label::Gap, "# bytes", "# 字节"),
    (Label::FramedPadding, "# zeros", "# 个零"),
    (Label::RefusedAt, "byte # of the record: *", "记录的字节 #：*"),
    (Label::RefusedAt, "byte # of the message: *", "消息的字节 #：*"),
    (Label::RefusedAt, "byte # of the certificate: *", "证书的字节 #：*"),
    (Label::RefusedAt, "byte #: *", "字节 #：*"),
    (Label::RefusedAt, "a message of # bytes is announced, but the limit is #", "宣告的消息有 # 字节，而上限是 #"),
    (Label::RefusedAt, "a message has more than # bytes, which is the limit, and no delimiter yet",
        "消息已超过上限 # 字节，仍没有分隔符"),
    (Label::RefusedAt, "the stream ended inside a message: # of its # bytes had arrived",
        "流在消息中间结束了：到达了 # 字节，整条消息有 # 字节"),
    (Label::RefusedAt,
        "the stream ended inside a message: # bytes of it had arrived, and its length was not known yet",
        "流在消息中间结束了：到达了 # 字节，总长还不知道"),
    (Label::Refused, "the stream must not end inside a message", "流不得在消息中间结束"),
    (Label::Refused, "a message must not be longer than the limit of its framing", "消息不得超过其分帧方式的上限"),
    (Label::Unexplained, "their direction had ended before they came", "它们到来之前，这个方向已经结束"),
    (Label::Unexplained, "bytes are missing here, so what these are is not known", "这里缺了一些字节，因此不知道这些是什么"),
    (Label::Unexplained, "# requests have no response yet", "已有 # 个请求没有响应"),
    (Label::Unexplained, "no response has said yet which protocol they belong to", "还没有响应说明它们属于哪个协议"),
    (Label::Unexplained, "what they answer is not known", "不知道它们应答的是什么"),
];
