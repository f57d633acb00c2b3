// What the scripts of Node share: each check prints a JSON line, which the Python beside it reads.

// A function that runs a check. One that is not done in time fails.
export function checks(secs) {
  return async (name, run) => {
    let error = null;
    const late = new Promise((_, no) => setTimeout(no, secs * 1000, new Error("not in time")).unref());
    try {
      await Promise.race([run(), late]);
    } catch (caught) {
      error = String(caught.stack ?? caught);
    }
    console.log(JSON.stringify({ name, error }));
  };
}
