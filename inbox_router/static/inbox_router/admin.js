// One key for each thing that a page of work offers: whatever has data-key="x" is clicked, opened or focused by it.
(() => {
    const typing = (element) => element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
    // The digits of the top row are taken by their place: on a Czech or French keyboard they are other signs.
    const named = (event) => (event.code.startsWith("Digit") ? event.code.slice(5) : event.key.toLowerCase());

    function use(element) {
        if (element.matches("details")) {
            element.open = !element.open;
            if (element.open) element.querySelector("summary").focus();
        } else if (element.matches("input[type=text], textarea")) {
            element.focus();
        } else {
            element.click();
        }
    }

    document.addEventListener("keydown", (event) => {
        const work = document.querySelector("[data-work]");
        if (!work) return;
        const field = typing(event.target);
        if (field) {
            if (event.key === "Escape") field.blur();
            const send = field.dataset.ctrlEnter;
            if (send && event.key === "Enter" && (event.ctrlKey || event.metaKey)) work.querySelector(send).click();
            return;
        }
        if (!("oneKey" in work.dataset) || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
        const named_key = event.key === "?" ? "?" : named(event);
        const element = [...work.querySelectorAll("[data-key]")].find((one) => one.dataset.key.split(" ").includes(named_key));
        if (element && !element.disabled) {
            event.preventDefault();
            use(element);
        }
    });

    // A second press while the first is on its way would decide the next item unseen.
    document.addEventListener("htmx:beforeRequest", (event) => {
        if (!event.target.matches("form[data-once]")) return;
        if (event.target.dataset.sent) event.preventDefault();
        event.target.dataset.sent = "1";
    });
    // Signed out, or refused: the answer is another page. Its place in the frame is empty, so go there.
    document.addEventListener("htmx:beforeSwap", (event) => {
        if (event.detail.target?.id !== "work" || event.detail.xhr.response.includes('id="work"')) return;
        event.detail.shouldSwap = false;
        const form = document.querySelector("form[data-claim]");
        if (form) keep(form);
        window.location.assign(window.location.pathname + (form ? `?row=${form.elements.row.value}` : ""));
    });
    // What somebody wrote before they were signed out is there again after they sign in, in this tab only.
    const KEPT = "inbox-router-kept";
    const WRITTEN = ["subject", "body", "why"];
    function keep(form) {
        const written = WRITTEN.filter((name) => form.elements[name]?.value !== undefined);
        const values = Object.fromEntries(written.map((name) => [name, form.elements[name].value]));
        sessionStorage.setItem(KEPT, JSON.stringify({ row: form.elements.row.value, version: form.elements.version.value, values }));
    }
    document.addEventListener("DOMContentLoaded", () => {
        const form = document.querySelector("form[data-claim]");
        const kept = form && JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
        if (!kept) return;
        sessionStorage.removeItem(KEPT);
        if (kept.row !== form.elements.row.value || kept.version !== form.elements.version.value) return;
        Object.entries(kept.values).forEach(([name, value]) => form.elements[name] && (form.elements[name].value = value));
        const alert = document.querySelector("[data-alert]");
        alert.textContent = alert.dataset.signedOut;
    });
    // Whoever works by keyboard begins at the work, not at the menu.
    document.addEventListener("DOMContentLoaded", () => {
        if (document.activeElement === document.body) document.querySelector("[data-focus]")?.focus({ preventScroll: true });
    });
    document.addEventListener("htmx:sendError", (event) => delete event.target.dataset?.sent);
    document.addEventListener("htmx:afterSettle", (event) => {
        if (!document.querySelector("[data-work]")) return;
        document.querySelector("[data-focus]")?.focus({ preventScroll: true });
        if (event.detail.target?.id === "work") window.scrollTo(0, 0);
        recount();
    });

    // Whose turn it is: the page says that it is still open, and that it was left, so that nobody waits for its row.
    const MINUTE = 60000;
    function say(what) {
        const form = document.querySelector("form[data-claim]");
        if (!form) return null;
        const told = new FormData();
        told.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
        told.set(what, what === "left" ? form.dataset.claim : form.elements.row.value);
        return { form, told, url: form.getAttribute("action") };
    }
    async function ping() {
        const said = document.visibilityState === "visible" && say("ping");
        if (!said) return;
        const answer = await fetch(said.url, { method: "POST", body: said.told, redirect: "manual" }).catch(() => null);
        if (answer?.status === 200 && said.form.isConnected) {
            document.querySelector("[data-alert]").textContent = await answer.text();
        }
    }
    setInterval(ping, MINUTE);
    document.addEventListener("visibilitychange", ping);
    window.addEventListener("pagehide", () => {
        const said = say("left");
        if (said) navigator.sendBeacon(said.url, said.told);
    });

    // The sidebar beside the part that is swapped tells how many wait; the newest number comes with the part.
    function recount() {
        const link = document.querySelector(`#nav-sidebar-apps a[href="${window.location.pathname}"]`);
        const left = document.querySelector("[data-left]")?.dataset.left;
        if (!link || left === undefined) return;
        const there = link.querySelector(":scope > span:nth-of-type(3)");
        const badge = there ?? link.appendChild(Object.assign(document.createElement("span"), { className: "late-badge" }));
        badge.textContent = left;
        badge.hidden = left === "0";
    }

    // Tables of many columns become cards on a phone, where each cell says the name of its column.
    function nameCells() {
        document.querySelectorAll("#main .plain-table").forEach((table) => {
            const names = [...table.querySelectorAll("thead th")].map((head) => head.textContent);
            if (names.length < 4 && !table.matches(".texts")) return; // three columns of numbers fit
            table.classList.add("wide");
            const cells = [...table.querySelectorAll("tbody td")].filter((cell) => cell.colSpan === 1 && names[cell.cellIndex]);
            cells.forEach((cell) => (cell.dataset.label = names[cell.cellIndex]));
        });
        document.querySelectorAll("#main [data-label]").forEach(({ dataset }) => {
            dataset.label = dataset.label.charAt(0).toUpperCase() + dataset.label.slice(1);
        });
    }
    document.addEventListener("DOMContentLoaded", nameCells);
    document.addEventListener("htmx:afterSettle", nameCells);

    // Chart.js writes in one grey for light and dark; its words take the colour of ours, also when the theme is changed.
    function ink() {
        if (!window.Chart) return;
        const page = document.documentElement;
        const low = page.classList.contains("dark") ? "--color-base-300" : "--color-base-600";
        Chart.defaults.color = getComputedStyle(page).getPropertyValue(low).trim();
        Object.values(Chart.instances).forEach((chart) => chart.update());
    }
    document.addEventListener("DOMContentLoaded", ink);
    window.addEventListener("load", ink);
    new MutationObserver(ink).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });

    // The lines of a form that are dragged into their order are moved by buttons and by Alt with an arrow, too.
    function neighbour(line, up) {
        const next = up ? line.previousElementSibling : line.nextElementSibling;
        return next?.matches(".form-group.original") ? next : null;
    }
    function move(line, up) {
        const other = neighbour(line, up);
        if (!other) return;
        const held = document.activeElement;
        other[up ? "before" : "after"](line);
        const places = [...line.parentElement.querySelectorAll(".form-group.original [data-move]")];
        places.forEach((place, number) => (place.value = number));
        held?.focus();
        const place = line.querySelector("[data-move]");
        place.dispatchEvent(new Event("change", { bubbles: true }));
        const said = line.parentElement.querySelector("[data-moved]");
        said.textContent = `${place.dataset.move}: ${places.indexOf(place) + 1} / ${places.length}`;
    }
    function arrow(line, up, name) {
        const button = Object.assign(document.createElement("button"), { type: "button", className: "move", title: name });
        button.setAttribute("aria-label", name);
        button.textContent = up ? "\u25B2" : "\u25BC";
        button.addEventListener("click", () => move(line, up));
        return button;
    }
    function nameMoves() {
        document.querySelectorAll(".form-group.original [data-move]").forEach(({ dataset }, number, all) => {
            const line = all[number].closest(".form-group");
            const place = Object.assign(document.createElement("div"), { className: "moves" });
            place.append(arrow(line, true, dataset.moveUp), arrow(line, false, dataset.moveDown));
            line.querySelector("tr.form-row td > div")?.prepend(place);
            line.addEventListener("keydown", (event) => {
                if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
                event.preventDefault();
                move(line, event.key === "ArrowUp");
            });
            const table = line.parentElement;
            if (table.querySelector("[data-moved]")) return;
            const said = Object.assign(document.createElement("caption"), { className: "spoken" });
            said.setAttribute("role", "status");
            said.dataset.moved = "";
            table.prepend(said);
        });
    }
    document.addEventListener("DOMContentLoaded", nameMoves);

    // An empty search box of select2 names itself by its own empty text; its field's label says more. Select2 comes
    // late, and again with each line that is added.
    function nameIt(container) {
        const select = container.previousElementSibling;
        const label = select?.getAttribute("aria-label") || select?.labels?.[0]?.innerText;
        if (!label) return;
        container.querySelectorAll(".select2-selection, .select2-selection__rendered").forEach((part) => {
            part.removeAttribute("aria-labelledby");
            part.setAttribute("aria-label", label);
        });
    }
    new MutationObserver((records) => {
        const added = records.flatMap((record) => [...record.addedNodes]);
        added.filter((node) => node.matches?.(".select2-container")).forEach(nameIt);
    }).observe(document.documentElement, { childList: true, subtree: true });
})();
