// The lab's counters: many requests at once, and which process answered how many of them.

const REQUESTS = 40; // half of them for each counter

const root = document.documentElement.dataset.root;
const card = document.getElementById("at-once");
const [button, table, rows] = ["button", "table", "tbody"].map((name) => card.querySelector(name));
const [error, total] = [".error", "[data-total]"].map((name) => card.querySelector(name));

async function countUp(where) {
  const answer = await fetch(`${root}/increase?where=${where}&format=json`, { method: "POST" });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.json();
}

function rowOf(answers) {
  const row = document.createElement("tr");
  const { process, worker } = answers[0];
  const own = answers.filter(({ where }) => where === "process").map(({ count }) => count);
  const name = worker ? `${process} (worker ${worker})` : process;
  for (const text of [name, answers.length, own.length ? Math.max(...own) : "not asked"]) {
    row.insertCell().textContent = text;
  }
  return row;
}

function show(answers) {
  const processes = Object.groupBy(answers, ({ process }) => process);
  rows.replaceChildren(...Object.values(processes).map(rowOf)); // in the order of their ids
  table.hidden = false;
  const highest = Math.max(...answers.filter(({ where }) => where === "server").map(({ count }) => count));
  total.textContent = `The counter for the whole server is now at ${highest}.`;
}

button.addEventListener("click", async () => {
  button.disabled = true;
  error.textContent = "";
  const places = Array.from({ length: REQUESTS }, (_, number) => (number % 2 ? "process" : "server"));
  try {
    show(await Promise.all(places.map(countUp)));
  } catch (failure) {
    error.textContent = failure.message;
  }
  button.disabled = false;
});

card.hidden = false;
