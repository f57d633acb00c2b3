// 7.4 的中文文字，键与 en-websocket.js 相同。

export const zhWebsocket = {
  sections: {
    "7.4": {
      title: "WebSocket",
      lead: "WebSocket 以一个 HTTP 请求开始，之后双方随时都可以发送帧。问题也就变了：对面是谁？一条消息在哪里结束？对方不读的时候会发生什么？",
    },
  },
  exchanges: {
    "websocket.handshake": {
      title: "握手和它的密钥",
      question: "客户端发出一个随机的 key，服务器回答一个由它算出的值。客户端由此知道了什么？",
      choices: ["服务器知道双方共有的秘密", "连接从此是加密的", "服务器读过这个请求，并且懂 WebSocket"], answer: 2,
      because: "服务器把 RFC 6455 规定的一段固定文字接在 key 后面，计算两者的 SHA-1，再用 base64 发回。谁都会算，所以它不保护任何秘密。但是不懂 WebSocket 的 Web 服务器，或者重放旧响应的缓存，不可能碰巧答对（RFC 6455 §1.3）。",
      try: "播放两次：每次的 key 都不同，回答也不同，固定的文字不变。",
    },
    "websocket.frame": {
      title: "逐位看一个帧",
      question: "`hello world!` 带着掩码发往服务器，`yakexi` 不带掩码发回来。掩码有什么用？",
      choices: ["让途中的人读不到消息", "让网页里的脚本无法决定经过代理的字节", "让服务器发现损坏的字节"], answer: 1,
      because: "掩码键就放在载荷前面，所以它什么也隐藏不了。它对每一帧都是新的、不可预测的：恶意网页把 `GET /…` 当作消息发送，也没办法让这些字节出现在线路上，老代理就不会把它们当作请求，进而缓存假的响应（RFC 6455 §10.3）。服务器上不运行别人的脚本，所以它不得使用掩码（§5.1）。",
      try: "点开头两个字节看它们的位。把载荷的第一个字节和掩码键的第一个字节做异或：得到 0x68，就是 h。",
    },
    "websocket.fragments": {
      title: "分片之间的 ping",
      question: "一条消息的三个分片已经发出两个。什么时候可以发 ping？",
      choices: ["现在", "只能在最后一个分片之后", "数据发送期间一律不行"], answer: 0,
      because: "控制帧可以插在一条消息的分片之间，但不属于这条消息（RFC 6455 §5.4）。不然，一次大的上传会耽误所有的心跳。控制帧最长 125 字节，自己不能分片，所以它们也不会耽误别人。",
      try: "看 FIN 位：最后一个分片和 ping 都设置了它。只有第一个分片写着文本，其余分片的操作码是 0，表示延续。",
    },
    "websocket.deflate": {
      title: "压缩过的两个 Hello",
      question: "双方商定了 permessage-deflate，并且保留上下文。`Hello` 发送两次，第一次的载荷有 7 个字节。第二次有多长？",
      choices: ["7 个字节：每条消息各自独立", "4 个字节：它引用第一条", "0 个字节：消息是同一条"], answer: 1,
      because: "窗口里保留着前面的消息，所以一次复制就说完了：往回 5 个字节，取 5 个字节（RFC 7692 §7.1.1）。随后这个块结束，再开始一个空的存储块，其中的 `00 00 ff ff` 省略不发（§7.2.1）。帧的第一个字节里的 RSV1 表示这条消息经过压缩。如果不保留上下文，两次的载荷都是 7 个字节，连接在两条消息之间也就不用保存窗口。",
      try: "展开两个载荷里的块：先是五个字母，后来是一次复制。每个方向有自己的窗口，所以第一个回声也是 7 个字节。",
    },
    "websocket.room": {
      title: "聊天室里有一个成员不再读取",
      question: "聊天室有两个成员，其中一个不再读取。发给另一个的消息会怎样？",
      choices: ["等那个慢的成员继续读", "照常到达，慢的成员错过几条，或者被关闭", "来得越来越晚，因为服务器的队列越来越长"], answer: 1,
      because: "接收方不读，TCP 就会让发送方停下来。如果一个循环在 `send` 里逐个等待成员，整个聊天室都会跟着停住。所以每个成员有自己的队列，队列有上限：超过之后，聊天室要么跳过这个成员（`Slow::Skip`），要么用 1008 关闭它（`Slow::Close`）。没有上限的队列只是把问题搬进了内存。",
      try: "注意 `sent` 和 `slow` 的数字。这里用只有 4 KiB 的管道代替内核里几兆的缓冲区，好让它很快填满。",
    },
    "websocket.buffered": {
      title: "bufferedAmount 的涨落",
      question: "`bufferedAmount` 回到了 0。关于这条消息，你知道了什么？",
      choices: ["对方的程序已经读到它", "对方的机器已经收到它", "它已经离开了本程序"], answer: 2,
      because: "这个数字统计的是交给了 `send`、下一层还没有取走的字节。再往后还有内核的缓冲区、网络，以及对方的缓冲区。如果需要知道消息已被读到，就让对方的程序回答一声。",
      try: "看 `try_send` 到达高水位线时怎样返回 false。这就是背压：不理会它的发送方会把内存填满。",
    },
    "websocket.builder": {
      title: "自己造帧，不合法的也行",
      question: "客户端发送一个没有掩码的文本帧。服务器怎么回答？",
      choices: ["照常回显", "发一个 1002 的关闭帧", "HTTP 的 400", "什么也不说，丢掉这个帧"], answer: 1,
      because: "服务器收到没有掩码的帧必须关闭连接，1002 是协议错误的代码（RFC 6455 §5.1、§7.4.1）。发过 101 之后 HTTP 就结束了，不会再有状态码。无效的 UTF-8 得到 1007，太长的消息得到 1009。",
      try: "先发一个不带 FIN 的文本帧，再发 ping，再发延续帧：什么会回来，先后次序如何？然后每次违反一条规则：设置 RSV1；用比实际需要更长的形式写长度；造一个 126 字节的 ping；用代码 1005 关闭（`\\x03\\xed`）。",
    },
  },
  events: {
    "websocket.open": "握手完成：双方都可以发送",
    "websocket.message": "一条消息完整了：{bytes} 字节，{text}",
    "websocket.pong": "收到 pong：{bytes} 字节，与 ping 的相同",
    "websocket.closed": "已关闭：{code} {reason}",
    "websocket.try_send": "try_send 返回 {sent}：缓冲了 {bytes} 字节",
    "websocket.buffered": "bufferedAmount 为 {bytes}",
    "server.closed": "服务器关闭了连接",
    "server.silent": "服务器暂时不再发送：它在等客户端",
    "websocket.reads": "客户端开始读取",
    "room.member": "{name} 进入聊天室",
    "room.stops": "{name} 不再读取",
    "room.reads": "{name} 又开始读取",
    "room.delivered": "{room}：消息 {number} 发给了 {sent} 个成员，{slow} 个错过",
  },
};
