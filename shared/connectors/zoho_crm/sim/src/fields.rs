//! The modules and their fields (fact sheet §2): names as recorded; lengths are those of a new organisation (unverified).

use serde_json::{Value as Json, json};

pub const LEADS: &str = "Leads";
pub const CONTACTS: &str = "Contacts";
pub const ACCOUNTS: &str = "Accounts";

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    Text,
    TextArea,
    Email,
    Phone,
    Website,
    Boolean,
    Date,
    DateTime,
    Integer,
    Double,
    Picklist,
    MultiPicklist,
    /// A record of this module.
    Lookup(&'static str),
    Owner,
}

impl DataType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::TextArea => "textarea",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Website => "website",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Picklist => "picklist",
            Self::MultiPicklist => "multiselectpicklist",
            Self::Lookup(_) => "lookup",
            Self::Owner => "ownerlookup",
        }
    }

    pub(crate) fn json_type(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::MultiPicklist => "jsonarray",
            Self::Lookup(_) | Self::Owner => "jsonobject",
            Self::Text | Self::TextArea | Self::Email | Self::Phone | Self::Website | Self::Date | Self::DateTime | Self::Picklist => {
                "string"
            }
        }
    }
}

/// One field of a module.
#[allow(clippy::struct_excessive_bools, reason = "each flag is a fact of the field's metadata")]
#[derive(Clone, Debug)]
pub struct Field {
    pub api_name: String,
    pub label: String,
    pub data_type: DataType,
    /// In characters.
    pub length: usize,
    /// Required by the layout, or by the system.
    pub mandatory: bool,
    pub read_only: bool,
    pub unique: bool,
    pub custom: bool,
    pub options: Vec<String>,
}

impl Field {
    pub fn new(api_name: &str, data_type: DataType, length: usize) -> Self {
        Self {
            api_name: api_name.to_owned(),
            label: api_name.replace('_', " "),
            data_type,
            length,
            mandatory: false,
            read_only: false,
            unique: false,
            custom: false,
            options: Vec::new(),
        }
    }

    fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    fn options(mut self, options: &[&str]) -> Self {
        self.options = options.iter().map(|option| (*option).to_owned()).collect();
        self
    }

    /// A field that the customer's administrator made.
    #[must_use]
    pub fn custom(mut self, unique: bool) -> Self {
        self.custom = true;
        self.unique = unique;
        self
    }

    /// What `settings/fields` says of it.
    pub(crate) fn shape(&self, id: u64) -> Json {
        let values: Vec<Json> = self
            .options
            .iter()
            .enumerate()
            .map(|(place, option)| {
                json!({
                    "display_value": option, "actual_value": option, "reference_value": option, "sequence_number": place + 1,
                    "type": "used", "id": (id + 1_000_000 + u64::try_from(place).unwrap_or(0)).to_string(), "colour_code": null
                })
            })
            .collect();
        let lookup = if let DataType::Lookup(module) = self.data_type {
            json!({
                "display_label": module, "api_name": module, "id": (id + 1).to_string(),
                "module": {"id": (id + 2).to_string(), "api_name": module}
            })
        } else {
            json!({})
        };
        json!({
            "id": id.to_string(), "api_name": self.api_name, "field_label": self.label, "display_label": self.label,
            "data_type": self.data_type.name(), "json_type": self.data_type.json_type(), "length": self.length,
            "system_mandatory": self.mandatory, "read_only": self.read_only, "field_read_only": self.read_only,
            "unique": if self.unique { json!({"casesensitive": "false"}) } else { json!({}) },
            "pick_list_values": values, "lookup": lookup, "convert_mapping": null, "layout_associations": null,
            "custom_field": self.custom, "visible": true, "type": "used", "webhook": true, "searchable": true, "sortable": true,
            "filterable": true, "decimal_place": null, "created_source": "default", "default_value": null, "tooltip": null,
            "operation_type": {
                "web_update": !self.read_only, "api_create": !self.read_only, "web_create": !self.read_only, "api_update": !self.read_only
            },
            "view_type": {"view": true, "edit": !self.read_only, "quick_create": false, "create": !self.read_only},
            "auto_number": {}, "currency": {}, "formula": {}, "rollup_summary": {}, "multiselectlookup": {}, "multi_module_lookup": {}
        })
    }
}

/// The field by which an upsert meets records unless it says otherwise.
pub(crate) fn system_duplicate_field(module: &str) -> &'static str {
    if module == ACCOUNTS { "Account_Name" } else { "Email" }
}

fn person_fields() -> Vec<Field> {
    use DataType::{Boolean, Date, DateTime, Email, Owner, Phone, Picklist, Text, TextArea};
    let salutations = ["-None-", "Mr.", "Mrs.", "Ms.", "Dr.", "Prof."];
    let sources = ["-None-", "Advertisement", "Cold Call", "Employee Referral", "External Referral", "Web Research"];
    vec![
        Field::new("Owner", Owner, 120),
        Field::new("Salutation", Picklist, 120).options(&salutations),
        Field::new("First_Name", Text, 40),
        Field::new("Last_Name", Text, 80).mandatory(),
        Field::new("Full_Name", Text, 80).read_only(),
        Field::new("Email", Email, 100),
        Field::new("Secondary_Email", Email, 100),
        Field::new("Title", Text, 100),
        Field::new("Phone", Phone, 30),
        Field::new("Mobile", Phone, 30),
        Field::new("Fax", Phone, 30),
        Field::new("Lead_Source", Picklist, 120).options(&sources),
        Field::new("Email_Opt_Out", Boolean, 5),
        Field::new("Unsubscribed_Mode", Picklist, 120).read_only(),
        Field::new("Unsubscribed_Time", DateTime, 120).read_only(),
        Field::new("Description", TextArea, 32_000),
        Field::new("Created_Time", DateTime, 120).read_only(),
        Field::new("Modified_Time", DateTime, 120).read_only(),
        Field::new("Last_Activity_Time", DateTime, 120).read_only(),
        Field::new("Created_By", Owner, 120).read_only(),
        Field::new("Modified_By", Owner, 120).read_only(),
        Field::new("Date_of_Birth", Date, 20),
    ]
}

/// The fields of a module of a new organisation.
pub(crate) fn standard(module: &str) -> Vec<Field> {
    use DataType::{Boolean, DateTime, Double, Integer, Lookup, Owner, Phone, Picklist, Text, TextArea, Website};
    let address = |prefix: &str| {
        let named = |part: &str| format!("{prefix}{part}");
        [
            Field::new(&named("Street"), Text, 250),
            Field::new(&named("City"), Text, 100),
            Field::new(&named("State"), Text, 100),
            Field::new(&named(if prefix.is_empty() { "Zip_Code" } else { "Zip" }), Text, 30),
            Field::new(&named("Country"), Text, 100),
        ]
    };
    match module {
        LEADS => {
            // A lead has no date of birth (recorded).
            let mut fields: Vec<Field> = person_fields().into_iter().filter(|field| field.api_name != "Date_of_Birth").collect();
            fields.push(Field::new("Company", Text, 200).mandatory());
            fields.extend(address(""));
            fields.push(Field::new("Website", Website, 255));
            fields.push(Field::new("Lead_Status", Picklist, 120).options(&[
                "-None-",
                "Contacted",
                "Not Contacted",
                "Lost Lead",
                "Pre-Qualified",
            ]));
            fields.push(Field::new("No_of_Employees", Integer, 16));
            fields.push(Field::new("Converted__s", Boolean, 5).read_only());
            fields.push(Field::new("Converted_Contact", Lookup(CONTACTS), 120).read_only());
            fields.push(Field::new("Converted_Account", Lookup(ACCOUNTS), 120).read_only());
            fields
        }
        CONTACTS => {
            let mut fields = person_fields();
            fields.push(Field::new("Account_Name", Lookup(ACCOUNTS), 120));
            fields.push(Field::new("Department", Text, 50));
            fields.extend(["Home_Phone", "Other_Phone", "Asst_Phone"].map(|name| Field::new(name, Phone, 30)));
            fields.extend(address("Mailing_"));
            fields.extend(address("Other_"));
            fields
        }
        _ => {
            let mut fields = vec![
                Field::new("Owner", Owner, 120),
                Field::new("Account_Name", Text, 200).mandatory(),
                Field::new("Phone", Phone, 30),
                Field::new("Fax", Phone, 30),
                Field::new("Website", Website, 255),
                Field::new("Account_Number", Text, 40),
                Field::new("Industry", Picklist, 120).options(&["-None-", "Communications", "Consulting", "Education", "Technology"]),
                Field::new("Annual_Revenue", Double, 16),
                Field::new("Employees", Integer, 16),
                Field::new("Description", TextArea, 32_000),
                Field::new("Created_Time", DateTime, 120).read_only(),
                Field::new("Modified_Time", DateTime, 120).read_only(),
                Field::new("Last_Activity_Time", DateTime, 120).read_only(),
                Field::new("Created_By", Owner, 120).read_only(),
                Field::new("Modified_By", Owner, 120).read_only(),
            ];
            fields.extend(["Billing_", "Shipping_"].into_iter().flat_map(|prefix| {
                address(prefix).map(|mut field| {
                    if field.api_name.ends_with("_Zip") {
                        field = Field::new(&format!("{prefix}Code"), Text, 30);
                    }
                    field
                })
            }));
            fields
        }
    }
}

/// Which field of a contact a lead's becomes by conversion: the vendor's default mapping.
pub(crate) fn converted_name(lead_field: &str) -> Option<&str> {
    match lead_field {
        "Street" => Some("Mailing_Street"),
        "City" => Some("Mailing_City"),
        "State" => Some("Mailing_State"),
        "Zip_Code" => Some("Mailing_Zip"),
        "Country" => Some("Mailing_Country"),
        // These stay with the lead or become the account's.
        "Company" | "Website" | "Lead_Status" | "No_of_Employees" => None,
        same => Some(same),
    }
}
