/** The classes that are to be learnt, each with its clips. */
import { plural } from "../../../compiler/artifact/plural.ts";
import { button, element, freshId, named, onFiles } from "../parts/elements.ts";
import { createPlayer } from "../parts/player.ts";

export interface ClassClips {
  readonly name: string;
  readonly clips: readonly File[];
}

interface ClassField {
  readonly root: HTMLElement;
  readonly read: () => ClassClips;
}

export interface ClassListOptions {
  /** Records a clip, which takes a while. @returns undefined where it came to none, which has been said */
  readonly record: () => Promise<File | undefined>;
  /** How long it is. */
  readonly seconds: () => number;
  readonly onChange: () => void;
}

const createClip = (file: File, onRemove: () => void): HTMLElement => {
  const player = createPlayer(file.name, file);
  const remove = button(
    "Remove",
    () => {
      player.close();
      root.remove();
      onRemove();
    },
    { class: "small", "aria-label": `Remove ${file.name}` },
  );
  // Some formats the model alone can read.
  player.root.addEventListener("error", () => player.root.remove());
  const root = element("li", {}, element("p", { class: "row" }, named(file.name), remove), player.root);
  return root;
};

const createClass = (number: number, { record, seconds, onChange }: ClassListOptions): ClassField => {
  const nameId = freshId();
  const name = element("input", { id: nameId, type: "text", autocomplete: "off", spellcheck: "false", maxlength: 200 });
  const list = element("ul", { class: "clips" });
  const count = element("span", { class: "soft" }, "no clips yet");
  const files = new Map<Element, File>();
  const change = (): void => {
    count.textContent = files.size === 0 ? "no clips yet" : `${files.size} ${plural(files.size, "clip")}`;
    onChange();
  };
  const add = (file: File): void => {
    const clip = createClip(file, () => {
      files.delete(clip);
      change();
      input.focus();
    });
    files.set(clip, file);
    list.append(clip);
    change();
  };
  const input = element("input", { type: "file", multiple: true });
  const recorder = button(
    `Record ${Number(seconds().toFixed(1))} s`,
    () => {
      const take = async (): Promise<void> => {
        const file = await record();
        if (file) add(file);
        recorder.focus();
      };
      void take();
    },
    { class: "record" },
  );
  const remove = button("Remove class", () => {
    root.remove();
    onChange();
  });
  const root = element(
    "fieldset",
    { class: "class drop" },
    element("legend", {}, `Class ${number}`),
    element(
      "p",
      { class: "row" },
      element("label", { for: nameId }, "Name"),
      name,
      recorder,
      element("label", { class: "button" }, "Add files …", input),
      remove,
      count,
    ),
    list,
  );
  name.addEventListener("input", onChange);
  onFiles(root, input, (chosen) => chosen.forEach(add));
  return { root, read: () => ({ name: name.value.trim(), clips: [...files.values()] }) };
};

export const createClassList = (place: HTMLElement, options: ClassListOptions) => {
  const fields = new Map<Element, ClassField>();
  let made = 0;
  return {
    add: (): void => {
      const field = createClass((made += 1), options);
      fields.set(field.root, field);
      place.append(field.root);
      options.onChange();
    },
    /** Those that are there, in their order. */
    read: (): readonly ClassClips[] =>
      [...place.children].flatMap((root) => {
        const field = fields.get(root);
        return field ? [field.read()] : [];
      }),
  };
};
