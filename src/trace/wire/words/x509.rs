//! Certificates in Chinese: labels and values. Their refusals are rules of `tls/wire`, and stand in `tls.rs`.

use super::rows::{Labels, Values};
use crate::trace::wire::labels::Label;

#[rustfmt::skip]
pub(super) const LABELS: Labels = &[
    (Label::X509, "证书"),
    (Label::X509Refused, "证书违反了这条规则"),
    (Label::X509Head, "DER 元素的标签和长度"),
    (Label::X509Signed, "签名所覆盖的内容"),
    (Label::X509Explicit, "带有自己编号的字段"),
    (Label::X509Version, "版本"),
    (Label::X509Serial, "序列号"),
    (Label::X509AlgorithmId, "算法及其参数"),
    (Label::X509Algorithm, "算法"),
    (Label::X509Parameters, "算法的参数"),
    (Label::X509Issuer, "颁发者：签发此证书的 CA"),
    (Label::X509IssuerName, "颁发者的全名"),
    (Label::X509Subject, "使用者：密钥的主人"),
    (Label::X509SubjectName, "使用者的全名"),
    (Label::X509NamePart, "名字的一部分"),
    (Label::X509Name, "属性：类型和值"),
    (Label::X509NameType, "属性的类型"),
    (Label::X509NameValue, "属性的值"),
    (Label::X509Validity, "有效期"),
    (Label::X509NotBefore, "从这一秒起有效"),
    (Label::X509NotAfter, "到这一秒为止有效"),
    (Label::X509Key, "使用者的公钥"),
    (Label::X509KeyBits, "公钥"),
    (Label::X509KeyKind, "密钥的种类和长度"),
    (Label::X509UniqueId, "唯一标识符，已不再使用"),
    (Label::X509Extensions, "扩展列表"),
    (Label::X509Extension, "扩展"),
    (Label::X509ExtensionType, "扩展的类型"),
    (Label::X509Critical, "不认识此扩展的一方是否必须拒绝证书"),
    (Label::X509ExtensionData, "扩展的内容"),
    (Label::X509AltNames, "证书适用的名字"),
    (Label::X509AltName, "证书适用的一个名字"),
    (Label::X509Constraints, "基本约束"),
    (Label::X509Ca, "能否签发别的证书"),
    (Label::X509PathLength, "其下最多可以有几级 CA"),
    (Label::X509KeyUsage, "密钥的用途"),
    (Label::X509Purposes, "扩展的密钥用途"),
    (Label::X509Purpose, "密钥的一种用途"),
    (Label::X509Signature, "CA 的签名"),
];

/// Values that are words of ours.
#[rustfmt::skip]
pub(super) const VALUES: Values = &[
    (Label::X509KeyKind, "RSA (# bit)", "RSA（# 位）"),
    (Label::X509KeyKind, "a key of another kind", "另一种密钥"),
    (Label::X509Critical, "true", "是"),
    (Label::X509Critical, "false", "否"),
    (Label::X509Ca, "true", "是"),
    (Label::X509Ca, "false", "否"),
];
