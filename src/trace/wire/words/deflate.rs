//! Compression in Chinese: labels, values, refusals; and what its sections demand, in both languages.

use super::rows::{Labels, Rules, Values};
use crate::deflate::Rule::{self, *};
use crate::trace::wire::labels::Label;

#[rustfmt::skip]
pub(super) const LABELS: Labels = &[
    (Label::Content, "解码后的内容"),
    (Label::Deflate, "压缩的字节"),
    (Label::DeflateBlock, "一个块开始：是否最后一块，以及类型"),
    (Label::DeflatePadding, "跳过的位，直到下一个字节"),
    (Label::DeflateStoredLength, "块中的字节数，后接它的反码"),
    (Label::DeflateStored, "原样的字节"),
    (Label::DeflateCodes, "块所用的编码，由各码的长度给出"),
    (Label::DeflateLiteralCodes, "每个字节和每种长度的码有几位"),
    (Label::DeflateDistanceCodes, "每种距离的码有几位"),
    (Label::DeflateLiteral, "一个码，以及它代表的字节"),
    (Label::DeflateCopy, "长度码和距离码：复制前面出现过的字节"),
    (Label::DeflateEnd, "块结束的码"),
    (Label::DeflateSymbols, "其余部分，不再逐个说明"),
    (Label::DeflateTail, "发送方在末尾省去、由接收方补上的字节"),
    (Label::Inflated, "压缩之后的字节数"),
    (Label::GzipMagic, "一个成员开始"),
    (Label::GzipMethod, "压缩方法"),
    (Label::GzipFlags, "后面有哪些字段"),
    (Label::GzipIsText, "是否文本"),
    (Label::GzipHasCrc, "首部是否带 CRC"),
    (Label::GzipHasExtra, "是否有附加字段"),
    (Label::GzipHasName, "是否有文件名"),
    (Label::GzipHasComment, "是否有注释"),
    (Label::GzipTime, "文件的修改时间，自 1970 年起的秒数"),
    (Label::GzipExtraFlags, "压缩的程度"),
    (Label::GzipSystem, "压缩时所在的系统"),
    (Label::GzipExtraLength, "附加字段的字节数"),
    (Label::GzipExtra, "附加字段"),
    (Label::GzipName, "文件名"),
    (Label::GzipComment, "注释"),
    (Label::GzipHeaderCrc, "首部的 CRC"),
    (Label::GzipCrc, "内容的 CRC-32，低字节在前"),
    (Label::GzipLength, "内容的字节数，对 2 的 32 次方取模"),
];

#[rustfmt::skip]
pub(super) const MEANINGS: Values = &[
    (Label::GzipMethod, "8", "DEFLATE（RFC 1951）"),
    (Label::GzipTime, "0", "未知"),
    (Label::GzipExtraFlags, "2", "压缩得最小"),
    (Label::GzipExtraFlags, "4", "压缩得最快"),
    (Label::GzipSystem, "0", "MS-DOS、Windows"),
    (Label::GzipSystem, "3", "Unix"),
    (Label::GzipSystem, "255", "未知"),
];

/// Values that are words of ours.
#[rustfmt::skip]
pub(super) const VALUES: Values = &[
    (Label::DeflateBlock, "stored", "原样存放"),
    (Label::DeflateBlock, "fixed codes", "固定编码"),
    (Label::DeflateBlock, "dynamic codes", "动态编码"),
    (Label::DeflateBlock, "last, stored", "最后一块，原样存放"),
    (Label::DeflateBlock, "last, fixed codes", "最后一块，固定编码"),
    (Label::DeflateBlock, "last, dynamic codes", "最后一块，动态编码"),
    (Label::DeflateCodes, "# for literals and lengths, # for distances", "字节和长度用 # 个，距离用 # 个"),
    (Label::DeflateCopy, "*: # bytes from # back", "*：复制 # 字节，从 # 字节之前开始"),
    (Label::Inflated, "# bytes", "# 字节"),
    (Label::Unexplained, "bytes are missing before these", "在它们之前缺了一些字节"),
    (Label::Unexplained, "more than # bytes come out: not followed", "解压后超过 # 字节：不再跟踪"),
    (Label::Unexplained, "they refer back to a message that was not decoded", "它们引用了一条没有解码的消息"),
];

#[rustfmt::skip]
pub(super) const RULES: Rules = &[
    ("RFC 1951 §2", "Compressed bytes are blocks of literal bytes and of references to the last 32 KiB that came out.",
        "压缩数据由若干块组成，块中是原样的字节，以及对最近 32 KiB 输出的引用。"),
    ("RFC 1951 §3.2.2", "A code is known by the lengths of all codes: shorter ones come first, equal ones in the order of their symbols.",
        "各码的长度决定了所有的码：短码在前，等长的码按符号的次序排列。"),
    ("RFC 1951 §3.2.3", "A block begins with one bit that is 1 in the last one, and two bits for its type.",
        "块以一位开头，最后一块中它是 1；随后两位是块的类型。"),
    ("RFC 1951 §3.2.4", "A stored block begins at a byte, with its length and the complement of that, and has the bytes as they are.",
        "原样存放的块从字节边界开始，先是长度和它的反码，后面是原样的字节。"),
    ("RFC 1951 §3.2.5", "A code stands for a byte, for the end of the block, or for a length, which is followed by a distance.",
        "一个码代表一个字节、块的结束，或一个长度；长度之后是距离。"),
    ("RFC 1951 §3.2.6", "In a block with fixed codes, the codes are those of a table that both sides know.",
        "使用固定编码的块采用双方都知道的码表。"),
    ("RFC 1951 §3.2.7", "A block with dynamic codes begins with the lengths of its codes, which are compressed themselves.",
        "使用动态编码的块以各码的长度开头，这些长度本身也经过压缩。"),
    ("RFC 1952 §2.2", "A gzip file is one member or several, one behind the other.",
        "gzip 文件由一个或多个成员首尾相接组成。"),
    ("RFC 1952 §2.3", "A member of a gzip file is a header, compressed bytes, the CRC-32 of the content and its length.",
        "gzip 文件的一个成员由首部、压缩数据、内容的 CRC-32 和内容的长度组成。"),
    ("RFC 1952 §2.3.1", "The header begins with 1f 8b and the method; flags say which further fields it has.",
        "首部以 1f 8b 和压缩方法开头，标志位说明还有哪些字段。"),
    ("RFC 1952 §2.3.1.1", "The extra field has subfields for programs, each with its own two letters and length.",
        "附加字段由供程序使用的子字段组成，每个子字段有两个字母的标识和长度。"),
    ("RFC 1952 §2.3.1.2", "Flags that have no meaning yet are 0, and a reader refuses others.",
        "尚无含义的标志位都是 0，否则读取方必须拒绝。"),
    ("RFC 7692 §5", "An extension is offered in the request, and the response names it once if the server agrees.",
        "扩展在请求中提出；服务器同意时，响应中只写一次。"),
    ("RFC 7692 §6", "RSV1 on the first frame of a message says that the message is compressed.",
        "消息第一帧的 RSV1 说明这条消息是压缩的。"),
    ("RFC 7692 §7.1", "permessage-deflate has four parameters: for each direction its window, and whether messages refer back.",
        "permessage-deflate 有四个参数：每个方向的窗口大小，以及消息能否引用之前的消息。"),
    ("RFC 7692 §7.2.1", "A sender flushes a compressed message, so that it ends with an empty stored block, and leaves out the last four bytes.",
        "发送方把压缩的消息刷新到末尾，使它以空的原样存放块结束，再去掉最后四个字节。"),
    ("RFC 7692 §7.2.2", "A receiver appends 00 00 ff ff to a compressed message before it decompresses it: the sender has left them out.",
        "接收方解压之前，在压缩的消息末尾补上 00 00 ff ff：发送方省去了它们。"),
    ("RFC 9110 §8.4.1", "A content coding transforms content without loss, and its name stands in Content-Encoding.",
        "内容编码对内容做无损变换，其名称写在 Content-Encoding 中。"),
];

#[rustfmt::skip]
pub(super) const REFUSALS: &[(Rule, &str)] = &[
    (BlockTypeReserved, "块或原样存放，或用固定编码，或用动态编码；类型 3 保留"),
    (StoredLengthWrong, "原样存放的块，长度之后是它的反码"),
    (TooManyCodes, "字节和长度最多 286 个码，距离最多 30 个"),
    (CodesOversubscribed, "各码的长度要给每个符号留下一个码，任何码都不是另一个码的开头"),
    (CodesIncomplete, "任何一串位都是某个码的开头，除非只有一个码"),
    (RepeatOfNothing, "第一个码长不能重复前一个"),
    (RepeatTooLong, "重复的码长不得超出最后一个码"),
    (EndOfBlockMissing, "必须有表示块结束的码"),
    (CodeUnused, "这些位不是块中的码"),
    (SymbolReserved, "符号 286 和 287，距离 30 和 31，都不得出现"),
    (DistanceTooFar, "距离只能指向窗口内已经输出的字节"),
    (GzipMagicMissing, "成员以 1f 8b 开头"),
    (GzipMethodUnknown, "压缩方法只有 8，即 deflate"),
    (GzipFlagsReserved, "保留的标志位都是 0"),
    (GzipHeaderTooLong, "首部超过了这里接受的长度"),
    (GzipHeaderCrcWrong, "首部的 CRC 与首部的字节相符"),
    (GzipCrcWrong, "成员的 CRC-32 与其内容相符"),
    (GzipLengthWrong, "成员的长度是内容的长度，对 2 的 32 次方取模"),
    (Unfinished, "文件由完整的成员首尾相接组成，至少有一个"),
];
