// What a search field offers while one types, and commands to copy.
"use strict";
document.documentElement.classList.add("live");
for (const field of document.querySelectorAll("[data-suggest]")) {
  const list = document.getElementById(field.getAttribute("list"));
  let asked = "";
  field.addEventListener("input", async () => {
    const text = field.value.trim();
    if (!text || text === asked) return;
    asked = text;
    const reply = await fetch(`${field.dataset.suggest}?q=${encodeURIComponent(text)}`);
    if (!reply.ok || field.value.trim() !== text) return;
    list.replaceChildren(...(await reply.json()).map(([value, says]) => {
      const option = document.createElement("option");
      option.value = value;
      option.label = says;
      return option;
    }));
  });
}
for (const button of document.querySelectorAll("[data-copied]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copied);
    button.textContent = "Copied";
  });
}
