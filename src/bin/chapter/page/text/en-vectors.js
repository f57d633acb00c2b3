// The words of the vectors in English. The keys are those of zh-vectors.js.

export const enVectors = {
  sections: {
    "vectors": {
      title: "Vectors",
      lead: "The cases of the tests, by the section of the RFC that they are about. Each is what a client and a server would send; nothing is sent here. A case that breaks a rule ends where the receiver refuses it.",
    },
  },
  exchanges: {
    "vectors.case": { title: "A case of the tests, drawn", try: "The same at a terminal: all cases of a section, explained." },
  },
  events: {
  },
};
