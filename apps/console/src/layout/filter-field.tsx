import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useEffect, useState } from "react";

interface FilterFieldProps {
  label: string;
  value: string | undefined;
  onChange: (value: string) => void;
  placeholder?: string;
  width?: number;
}

/** A filter that is typed: it counts when one pauses, leaves it, or presses Enter. */
export function FilterField({ label, value = "", onChange, placeholder, width = 170 }: FilterFieldProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const tellLater = useDebouncedCallback(tell, 350);
  function tell(next: string): void {
    // It is told once: told again while the page of a link that was clicked meanwhile is not shown yet, it would undo the click.
    tellLater.cancel();
    if (next.trim() !== value) onChange(next.trim());
  }
  return (
    <TextInput
      label={label}
      w={width}
      value={text}
      {...(placeholder !== undefined && { placeholder })}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tellLater(event.currentTarget.value);
      }}
      onBlur={() => tell(text)}
      onKeyDown={(event) => {
        if (event.key === "Enter") tell(text);
      }}
    />
  );
}
