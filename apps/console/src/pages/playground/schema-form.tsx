import { Fieldset, JsonInput, NumberInput, Select, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import type { Field, Values } from "./json-schema.ts";

interface SchemaFormProps {
  fields: readonly Field[];
  values: Values;
  onChange: (values: Values) => void;
}

/** A form for whatever a schema asks for. */
export function SchemaForm({ fields, values, onChange }: SchemaFormProps) {
  return (
    <Stack gap="sm">
      {fields.map((field) => (
        <SchemaField
          key={field.name}
          field={field}
          value={values[field.name]}
          onChange={(value) => onChange({ ...values, [field.name]: value })}
        />
      ))}
    </Stack>
  );
}

interface SchemaFieldProps {
  field: Field;
  value: Values[string];
  onChange: (value: Values[string]) => void;
}

function SchemaField({ field, value, onChange }: SchemaFieldProps) {
  const { label, description, isRequired } = field;
  const common = { label, required: isRequired, ...(description !== undefined && { description }) };
  const text = typeof value === "string" ? value : "";
  switch (field.kind) {
    case "line":
      return <TextInput {...common} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
    case "text":
      return (
        <Textarea
          {...common}
          autosize
          minRows={2}
          maxRows={10}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "choice":
      return (
        <Select
          {...common}
          data={field.choices ?? []}
          value={text || null}
          clearable={!isRequired}
          onChange={(choice) => onChange(choice ?? undefined)}
        />
      );
    case "number":
      return (
        <NumberInput
          {...common}
          allowDecimal={!field.isWhole}
          value={typeof value === "number" ? value : ""}
          onChange={(number) => onChange(number === "" ? undefined : Number(number))}
        />
      );
    case "flag":
      return (
        <Switch
          label={label}
          {...(description !== undefined && { description })}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "group":
      return (
        <Fieldset legend={label}>
          <SchemaForm
            fields={field.fields ?? []}
            values={typeof value === "object" ? value : {}}
            onChange={onChange}
          />
        </Fieldset>
      );
    case "json":
      return (
        <JsonInput
          {...common}
          description={description ?? "As JSON"}
          autosize
          minRows={2}
          maxRows={12}
          validationError="This is not JSON"
          formatOnBlur
          value={text}
          onChange={onChange}
        />
      );
  }
}
