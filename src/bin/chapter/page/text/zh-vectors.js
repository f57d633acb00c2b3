// 测试向量的中文文字。键与 en-vectors.js 相同。

export const zhVectors = {
  sections: {
    "vectors": {
      title: "测试向量",
      lead: "测试所用的用例，按它们所涉及的 RFC 章节排列。每个用例都是客户端和服务器会发送的字节，这里并不真正发送。违反规则的用例，到接收方拒绝它的地方为止。",
    },
  },
  exchanges: {
    "vectors.case": { title: "画出一个测试用例", try: "在终端里可以看到一个章节的全部用例及其解释。" },
  },
  events: {
  },
};
